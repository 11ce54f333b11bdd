import { type FailureCode, SandboxFailure } from '../failure.ts';
import { type EngineName, type IsolationLevel, isolationLevels } from '../spec/choices.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import { type CreateContext, type Engine, type EngineDriver, engineMissingHint } from './engine.ts';

/** Loaded when they are needed: an engine's client is most of what there is to load. */
const drivers = {
  docker: async () => (await import('./docker/connect.ts')).dockerDriver,
  simulation: async () => (await import('./simulation/simulation-engine.ts')).simulationDriver,
} satisfies Record<EngineName, () => Promise<EngineDriver>>;

export interface Surroundings extends Pick<CreateContext, 'cancel'> {
  readonly env: NodeJS.ProcessEnv;
  readonly keepsLeftovers?: boolean;
  readonly upcoming?: TaskSpec;
}

/** The engine that the spec asks for; `auto` takes Docker where there is one and says so where there is not. */
export async function connectEngine(spec: TaskSpec, around: Surroundings): Promise<Engine> {
  if (spec.engine !== 'auto') return await connectNamed(spec.engine, spec, around);
  try {
    return await connect('docker', { spec, fallback: null }, around);
  } catch (error) {
    const isMissing = error instanceof SandboxFailure && error.code === 'engine-not-found';
    // Whoever names an engine on the command line wants that one.
    if (!isMissing || spec.host !== null || spec.context !== null) throw orSimulation(error, spec);
    return await connect('simulation', { spec, fallback: error }, around);
  }
}

async function connectNamed(name: EngineName, spec: TaskSpec, around: Surroundings) {
  try {
    return await connect(name, { spec, fallback: null }, around);
  } catch (error) {
    throw orSimulation(error, spec);
  }
}

/** Whether there is no engine at any of the usual places. One that DOCKER_HOST or a context names is another matter. */
export function isNoneAnywhere(error: unknown): error is SandboxFailure {
  return (
    error instanceof SandboxFailure &&
    error.code === 'engine-not-found' &&
    error.hint === engineMissingHint
  );
}

/** Says that a task can do without an engine, where simulation is enough for it. */
function orSimulation(error: unknown, spec: TaskSpec): unknown {
  const isHelped = error instanceof SandboxFailure && withoutEngine.includes(error.code);
  if (!isHelped || error.hint === null || error.hint === engineMissingHint) return error;
  if (isolationLevels.indexOf(spec.isolation) > isolationLevels.indexOf('namespace')) return error;
  const { code, message, hint, cause } = error;
  return new SandboxFailure(code, message, {
    hint: `${hint} Without an engine: --engine simulation.`,
    cause,
  });
}

const withoutEngine: readonly FailureCode[] = ['engine-not-found', 'engine-permission-denied'];

/** The same task without us, on the engine that would be tried first. */
export async function equivalentCommands(spec: TaskSpec): Promise<readonly (readonly string[])[]> {
  const driver = await drivers[spec.engine === 'auto' ? 'docker' : spec.engine]();
  return driver.equivalentCommands(spec);
}

/** Fails closed: less than the least that was asked for is never run. */
export function refuseLess(level: IsolationLevel, spec: TaskSpec, cause?: SandboxFailure): void {
  if (isolationLevels.indexOf(level) >= isolationLevels.indexOf(spec.isolation)) return;
  const reason = cause ? `: ${cause.message}` : '';
  throw new SandboxFailure(
    'isolation-too-low',
    `--isolation ${spec.isolation} was asked for, and this is only "${level}"${reason}`,
    {
      hint:
        cause?.hint ??
        'Choose an engine or a --runtime that isolates more, or accept less with --isolation.',
      cause,
    },
  );
}

async function connect(
  name: EngineName,
  { spec, fallback }: { spec: TaskSpec; fallback: SandboxFailure | null },
  { cancel, env, keepsLeftovers = false, upcoming }: Surroundings,
): Promise<Engine> {
  const driver = await drivers[name]();
  const { host, context } = spec;
  return await driver.connect({ host, context, env, cancel, fallback, keepsLeftovers, upcoming });
}
