import { type LiveTask, liveTasks } from '../control/live-tasks.ts';
import { readMarks } from '../control/mark.ts';
import type { Engine, TaskBoard } from '../engine/engine.ts';
import { connectEngine, isNoneAnywhere } from '../engine/engines.ts';
import type { Problem, SandboxFailure } from '../failure.ts';
import { writeNote } from '../report/human.ts';
import type { Terminal } from '../report/terminal.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { CommandArgs } from './command.ts';
import { engineSpec } from './without-project.ts';

export interface KnownTasks {
  readonly tasks: readonly LiveTask[];
  /** Null where no engine keeps them. */
  readonly board: TaskBoard | null;
  /** Where they were looked for, to be said after "on". */
  readonly where: string;
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
  const onNoEngine = ({ message }: SandboxFailure) => {
    if (args.values.quiet !== true) writeNote(terminal, onlySimulation(message));
  };
  const engine = await engineOf(spec, { env: terminal.env, cancel, onNoEngine });
  try {
    const board = engine?.tasks ?? null;
    // First the engine: a task that starts meanwhile has no mark there yet.
    const found = engine && board && { facts: engine.facts, tasks: await board.list(cancel) };
    const withSimulated = spec.engine !== 'docker' && !isNamed(spec);
    const tasks = liveTasks({ engine: found, marks: await readMarks(), withSimulated });
    const where = whereOf(engine, withSimulated);
    return await work({ tasks, board, where });
  } finally {
    await engine?.close();
  }
}

function whereOf(engine: Engine | null, withSimulated: boolean): string {
  const { address } = engine?.facts ?? {};
  const places = [
    ...(engine ? [`the engine at ${address ?? 'its usual place'}`] : []),
    ...(withSimulated ? ['simulation'] : []),
  ];
  return places.join(' or ');
}

/** Said where an empty answer could be taken for that of an engine. */
export function onlySimulation(reason: string): string {
  return `${reason}; only simulation was looked at`;
}

interface Around {
  readonly env: NodeJS.ProcessEnv;
  readonly cancel: AbortSignal;
  readonly onNoEngine: (failure: SandboxFailure) => void;
}

/** Null where there is none and none was asked for. What killed runs left stays, so that it can be shown. */
async function engineOf(spec: TaskSpec, { onNoEngine, ...around }: Around): Promise<Engine | null> {
  if (spec.engine === 'simulation') return null;
  // What a task would have to be held by does not matter here.
  const asked = { ...spec, engine: 'docker', isolation: 'none' } as const;
  try {
    return await connectEngine(asked, { ...around, keepsLeftovers: true });
  } catch (error) {
    if (spec.engine !== 'auto' || !isNoneAnywhere(error)) throw error;
    onNoEngine(error);
    return null;
  }
}

/** Whoever names an engine means that one. */
function isNamed({ host, context }: TaskSpec): boolean {
  return host !== null || context !== null;
}
