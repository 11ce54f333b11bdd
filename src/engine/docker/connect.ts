import { stat } from 'node:fs/promises';
import * as v from 'valibot';
import { SandboxFailure } from '../../failure.ts';
import {
  type ConnectOptions,
  type EngineDriver,
  type EngineFacts,
  engineMissingHint,
} from '../engine.ts';
import { engineAddresses } from './address.ts';
import { negotiate } from './api-version.ts';
import type { EngineAddress } from './context.ts';
import { DockerApi } from './docker-api.ts';
import { DockerEngine } from './docker-engine.ts';
import { dockerCommands } from './docker-run-line.ts';
import { lookEarly } from './early-look.ts';
import { connectFailure, isAbsent } from './engine-failure.ts';
import { type EngineInfo, engineInfo } from './engine-info.ts';
import { podmanFilter } from './podman-filter.ts';
import { podmanProduct, productOf } from './product.ts';
import { taskUser } from './user.ts';

const versionSchema = v.object({
  Version: v.string(),
  ApiVersion: v.string(),
  MinAPIVersion: v.optional(v.string(), '1.12'),
  Components: v.optional(v.nullable(v.array(v.object({ Name: v.string() })))),
});

export const dockerDriver: EngineDriver = {
  connect,
  equivalentCommands: (spec) => dockerCommands(spec, taskUser(spec, false)),
};

/** The first engine that answers. One that is there and refuses is an error, never passed over in silence. */
async function connect(options: ConnectOptions): Promise<DockerEngine> {
  const addresses = await engineAddresses(options);
  for (const address of addresses) {
    const engine = await tryAddress(address, options);
    if (engine) return engine;
  }
  throw engineNotFound(addresses);
}

async function tryAddress(
  address: EngineAddress,
  { cancel, upcoming, keepsLeftovers = false }: ConnectOptions,
): Promise<DockerEngine | null> {
  try {
    const api = new DockerApi(address);
    const early = lookEarly(api, upcoming, cancel);
    // Where the engine cannot be used at all nobody asks what became of it.
    early.catch(() => undefined);
    const about = api.get('/info', cancel);
    const spoken = api.get('/version', cancel).then((answer) => spokenBy(answer, address, api));
    const filter = upcoming ? spoken.then((said) => filterEarly(api, said)) : null;
    filter?.catch(() => undefined);
    const [said, info] = await Promise.all([spoken, about.then(engineInfo)]);
    const facts = engineFacts(address, said, info);
    return new DockerEngine(api, { facts, info, early, filter, keepsLeftovers });
  } catch (error) {
    cancel.throwIfAborted();
    const cause = (error instanceof SandboxFailure ? error.cause : null) ?? error;
    if (!isAbsent(cause)) throw connectFailure(cause, address);
    await refuseOtherThanSocket(address);
    return null;
  }
}

/** A file or a directory refuses connections just as a socket does that nobody listens at. */
async function refuseOtherThanSocket({ url, origin }: EngineAddress): Promise<void> {
  const path = url.startsWith('unix://') ? url.slice('unix://'.length) : null;
  const found = path === null ? null : await stat(path).catch(() => null);
  if (found === null || found.isSocket()) return;
  const kind = found.isDirectory() ? 'a directory' : 'a file';
  throw new SandboxFailure('engine-error', `${origin}: expected a socket, found ${kind}: ${url}`, {
    hint: 'Remove it and start the engine again, or name the engine with --host or DOCKER_HOST.',
  });
}

type Spoken = Pick<EngineFacts, 'product' | 'version' | 'apiVersion'>;

function spokenBy(answer: unknown, address: EngineAddress, api: DockerApi): Spoken {
  const version = v.parse(versionSchema, answer);
  const apiVersion = negotiate(address, version);
  api.useVersion(apiVersion);
  return {
    product: productOf(version.Components?.[0]?.Name),
    version: version.Version,
    apiVersion,
  };
}

/** As with the image: what the task that is about to come needs is found while the engine still says what it is. */
async function filterEarly(api: DockerApi, { product }: Spoken): Promise<string | null> {
  return product === podmanProduct ? await podmanFilter(api) : null;
}

function engineFacts({ url }: EngineAddress, said: Spoken, info: EngineInfo): EngineFacts {
  const { defaultRuntime: runtime, rootless, cgroupVersion } = info;
  return { name: 'docker', ...said, address: url, runtime, rootless, cgroupVersion };
}

function engineNotFound(addresses: readonly EngineAddress[]): SandboxFailure {
  const tried = addresses.map(({ url, origin }) =>
    origin === 'default' ? url : `${url} (from ${origin})`,
  );
  return new SandboxFailure(
    'engine-not-found',
    `no Docker engine found (nothing answers at ${tried.join(', ')})`,
    { hint: missingHint(addresses) },
  );
}

/** Whoever names one address means that one. */
function missingHint(addresses: readonly EngineAddress[]): string {
  const [named] = addresses;
  if (!named || addresses.length > 1 || named.origin === 'default') return engineMissingHint;
  return `Check ${named.origin}, and that the engine runs. Leave it out for the usual places.`;
}
