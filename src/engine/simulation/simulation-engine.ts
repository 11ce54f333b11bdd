import { release } from 'node:os';
import { SandboxFailure } from '../../failure.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import { refuseLess } from '../engines.ts';
import type {
  ConnectOptions,
  CreateContext,
  Engine,
  EngineDriver,
  EngineFacts,
  Housekeeping,
  Leftover,
  Sandbox,
} from '../engine.ts';
import { sweepSecrets } from '../secrets-directory.ts';
import { within } from '../timer.ts';
import { hostCapacity } from '../host-capacity.ts';
import { findBubblewrap } from './bubblewrap.ts';
import { type FoundCgroupHost, cgroupVersion, findCgroupHost } from './cgroup-host.ts';
import { createBubblewrapSandbox } from './create-bubblewrap-sandbox.ts';
import { refuseWhatCannotBe, refuseWithoutProc } from './refusals.ts';
import { type Means, levelOf, processGroupFacts } from './simulation-facts.ts';
import { simulationWarning } from './simulation-warning.ts';
import { type TaskDirectory, abandonedTasks, createTaskDirectory } from './task-directory.ts';
import { type TerminalPrograms, findTerminalPrograms } from './terminal-programs.ts';

export const simulationDriver: EngineDriver = {
  connect: async (options) => {
    return new SimulationEngine(await findMeans(options.env, { isTried: false }), options);
  },
  equivalentCommands: () => [],
};

export interface SimulationCapability {
  readonly level: 'namespace' | 'none';
  /** Why it is not more, and what to do about it; null where bubblewrap works. */
  readonly reason: string | null;
  readonly remedy: string | null;
  /** What keeps limits of memory, CPUs and processes; null where nothing does. */
  readonly cgroup: {
    readonly version: 1 | 2;
    readonly kind: 'cgroup' | 'systemd-scope';
    readonly controllers: readonly string[];
  } | null;
  /** Why some limit, or all of them, cannot be kept; null where every one can. */
  readonly cgroupReason: string | null;
}

/** What simulation can do on this host for this caller. */
export async function simulationCapability(env: NodeJS.ProcessEnv): Promise<SimulationCapability> {
  const { bubblewrap, obstacle, cgroups } = await findMeans(env, { isTried: true });
  const { host, reason: cgroupReason } = cgroups;
  return {
    level: bubblewrap ? 'namespace' : 'none',
    reason: obstacle?.reason ?? null,
    remedy: obstacle?.remedy ?? null,
    cgroup: host && { version: host.version, kind: host.kind, controllers: host.controllers },
    cgroupReason,
  };
}

async function findMeans(env: NodeJS.ProcessEnv, how: { isTried: boolean }): Promise<Means> {
  // The second is mostly reading, done while bubblewrap is being tried.
  const [found, cgroups] = await Promise.all([findBubblewrap(how), findCgroupHost(env)]);
  if ('path' in found) return { bubblewrap: found, obstacle: null, cgroups };
  // A plain process could leave the cgroup again, so none is made for it.
  const none: FoundCgroupHost = { host: null, reason: 'without bubblewrap no limit is kept' };
  return { bubblewrap: null, obstacle: found, cgroups: none };
}

const sweepLimitMs = 1_000;

class SimulationEngine implements Engine {
  readonly facts: EngineFacts;
  readonly capacity = hostCapacity();
  readonly diagnosis = null;
  readonly images = null;
  readonly housekeeping: Housekeeping;
  readonly tasks = null;
  readonly #means: Means;
  readonly #options: ConnectOptions;
  readonly #sweeping: Promise<unknown>;

  constructor(means: Means, options: ConnectOptions) {
    this.facts = engineFacts(means);
    this.#means = means;
    this.#options = options;
    // Beside the run, and never its business: what cannot be removed now, the next one can.
    this.housekeeping = { leftovers: () => simulationLeftovers(means) };
    const keepsLeftovers = options.keepsLeftovers === true;
    this.#sweeping = keepsLeftovers ? Promise.resolve() : sweep(means);
  }

  check(spec: TaskSpec): void {
    refuseWithoutProc();
    const reason = whyNotMore(spec, this.#means, this.#options.fallback ?? null);
    refuseLess(levelOf(spec, this.#means), spec, reason);
    refuseWhatCannotBe(spec, this.#means);
  }

  async create(spec: TaskSpec, context: CreateContext): Promise<Sandbox> {
    this.check(spec);
    context.warn(simulationWarning(spec, this.#means, this.#options.fallback ?? null));
    return await context.phases.measure('create', () => this.#make(spec, context));
  }

  /** What is left of a task there ends with us. */
  async removeLeftovers(): Promise<readonly string[]> {
    return await Promise.resolve([]);
  }

  async close(): Promise<void> {
    await within(sweepLimitMs, this.#sweeping, undefined);
  }

  async #make(spec: TaskSpec, { secrets }: CreateContext): Promise<Sandbox> {
    const programs = spec.tty ? await findTerminalPrograms() : null;
    const directory = await createTaskDirectory(spec.id);
    try {
      const { bubblewrap, cgroups } = this.#means;
      if (!bubblewrap) return await createProcessSandbox(spec, directory, programs);
      const callerPath = this.#options.env.PATH ?? '';
      const own = { cgroupHost: cgroups.host, directory, programs };
      return await createBubblewrapSandbox(spec, { bubblewrap, ...own, secrets, callerPath });
    } catch (error) {
      await directory.remove();
      throw error;
    }
  }
}

async function sweep(means: Means): Promise<void> {
  const removeAll = async () => {
    const leftovers = await simulationLeftovers(means);
    await Promise.allSettled(leftovers.map((leftover) => leftover.remove()));
  };
  await Promise.allSettled([removeAll(), sweepSecrets()]);
}

async function simulationLeftovers({ cgroups }: Means): Promise<Leftover[]> {
  return [...(cgroups.host?.leftovers() ?? []), ...(await abandonedTasks())];
}

/** Loaded only where it is needed: what starts plain processes takes as long to load as all the rest. */
async function createProcessSandbox(
  spec: TaskSpec,
  directory: TaskDirectory,
  programs: TerminalPrograms | null,
): Promise<Sandbox> {
  const { ProcessSandbox } = await import('./process-sandbox.ts');
  return new ProcessSandbox({ spec, directory, programs, facts: processGroupFacts(spec) });
}

function engineFacts({ bubblewrap }: Means): EngineFacts {
  return {
    name: 'simulation',
    product: bubblewrap ? 'bubblewrap' : 'process group',
    version: bubblewrap ? bubblewrap.version : release(),
    apiVersion: null,
    address: null,
    runtime: null,
    rootless: null,
    cgroupVersion: cgroupVersion(),
  };
}

/** What would have to change for the level that was asked for: an engine, or what stands in bubblewrap's way. */
function whyNotMore(
  { isolation }: TaskSpec,
  { obstacle }: Means,
  fallback: SandboxFailure | null,
): SandboxFailure | undefined {
  if (isolation !== 'namespace') return fallback ?? undefined;
  const reason = obstacle?.reason ?? "--network egress is the host's own network in simulation";
  const message = fallback ? `${fallback.message}; ${reason}` : reason;
  const hint = obstacle?.remedy ?? 'Choose another --network, or use an engine.';
  return new SandboxFailure('isolation-too-low', message, { hint });
}
