import { type LiveTask, liveTasks } from '../control/live-tasks.ts';
import { readMarks } from '../control/mark.ts';
import type { Engine, TaskBoard } from '../engine/engine.ts';
import { connectEngine } from '../engine/engines.ts';
import { type Problem, SandboxFailure } from '../failure.ts';
import type { Terminal } from '../report/terminal.ts';
import { currentCaller } from '../spec/host-path.ts';
import { resolveBuild } from '../spec/resolve-build.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { CommandArgs } from './command.ts';
import { flagLayer } from './task-request.ts';

export interface KnownTasks {
  readonly tasks: readonly LiveTask[];
  /** Null where no engine keeps them. */
  readonly board: TaskBoard | null;
}

interface Asked {
  /** Such as `ps`. */
  readonly command: string;
  readonly problems: readonly Problem[];
  readonly terminal: Terminal;
  readonly cancel: AbortSignal;
}

/** The running tasks of the engine that the flags lead to, and, unless they name one, those without an engine. */
export async function withKnownTasks<T>(
  args: CommandArgs,
  { command, problems, terminal, cancel }: Asked,
  work: (known: KnownTasks) => Promise<T>,
): Promise<T> {
  const spec = await engineSpec(args, { command, problems });
  const engine = await engineOf(spec, { env: terminal.env, cancel });
  try {
    const board = engine?.tasks ?? null;
    // First the engine: a task that starts meanwhile has no mark there yet.
    const found = engine && board && { facts: engine.facts, tasks: await board.list(cancel) };
    const withSimulated = spec.engine !== 'docker' && !isNamed(spec);
    const tasks = liveTasks({ engine: found, marks: await readMarks(), withSimulated });
    return await work({ tasks, board });
  } finally {
    await engine?.close();
  }
}

async function engineSpec(
  args: CommandArgs,
  { command, problems }: Pick<Asked, 'command' | 'problems'>,
): Promise<TaskSpec> {
  const flags = { ...flagLayer(args), profile: { text: 'base', origin: 'profile' } };
  const hint = `See: sandbox ${command} --help`;
  const sources = { caller: currentCaller(), ambient: true };
  return await resolveBuild({ flags, buildArgs: [], problems, hint }, sources);
}

/** Null where there is none and none was asked for. What killed runs left stays, so that it can be shown. */
async function engineOf(
  spec: TaskSpec,
  around: { readonly env: NodeJS.ProcessEnv; readonly cancel: AbortSignal },
): Promise<Engine | null> {
  if (spec.engine === 'simulation') return null;
  // What a task would have to be held by does not matter here.
  const asked = { ...spec, engine: 'docker', isolation: 'none' } as const;
  try {
    return await connectEngine(asked, { ...around, keepsLeftovers: true });
  } catch (error) {
    const isMissing = error instanceof SandboxFailure && error.code === 'engine-not-found';
    if (isMissing && spec.engine === 'auto' && !isNamed(spec)) return null;
    throw error;
  }
}

/** Whoever names an engine means that one. */
function isNamed({ host, context }: TaskSpec): boolean {
  return host !== null || context !== null;
}
