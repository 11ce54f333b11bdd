import type Docker from 'dockerode';
import type { TaskSpec } from '../../spec/task-spec.ts';
import type { EngineFacts, SandboxFacts } from '../engine.ts';
import { enforcedLimits } from './container-outcome.ts';
import type { EngineInfo } from './engine-info.ts';
import type { Identity } from './identity.ts';
import type { UsableImage } from './images/ensure-image.ts';
import { loosened } from './loosened.ts';
import type { UsableNetwork } from './network.ts';
import { reachesOf } from './network-plan.ts';
import type { Inspection } from './inspection.ts';
import { notEnforced } from './protections.ts';
import { levelOf, runtimeOf } from './runtime.ts';

interface MadeOf {
  readonly inspected: Docker.ContainerInspectInfo;
  readonly image: UsableImage;
  readonly network: UsableNetwork;
  readonly engine: EngineFacts;
  readonly info: EngineInfo;
  readonly identity: Identity;
}

/** What was made, as the engine tells it: nothing here is copied from what was asked for. */
export function sandboxFacts(spec: TaskSpec, made: MadeOf): SandboxFacts {
  const { inspected, image, network, engine, info, identity } = made;
  const { product, apiVersion } = engine;
  const inspection: Inspection = { inspected, spec, info, product, added: identity.mounts };
  const { filtersBridges } = info;
  const runtime = runtimeOf(inspected, info);
  return {
    image: image.facts,
    runtime,
    isolation: {
      // Whatever the runtime: who has these privileges can leave the sandbox.
      level: spec.nestedDocker ? 'none' : levelOf(runtime, info),
      simulated: false,
      loosened: loosened(inspection),
    },
    enforced: enforcedLimits(inspected, spec),
    notEnforced: notEnforced(inspection),
    user: inspected.Config.User === '' ? null : inspected.Config.User,
    network: {
      name: network.name,
      id: network.id,
      reaches: reachesOf(network.name, { apiVersion, filtersBridges }),
    },
    handle: inspected.Id,
  };
}
