import { type LiveTask, isOwn } from '../control/live-tasks.ts';
import { type Stopped, stopTask } from '../control/stop-task.ts';
import { SandboxFailure } from '../failure.ts';
import { reportFailure, writeNote } from '../report/human.ts';
import { failureJson, jsonText } from '../report/json.ts';
import { stoppedNote } from '../report/tasks.ts';
import type { Terminal } from '../report/terminal.ts';
import { chooseId } from '../spec/choose-id.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command, CommandArgs } from './command.ts';
import { type KnownTasks, withKnownTasks } from './known-tasks.ts';
import { taskStopFlags } from './ps-flags.ts';
import { wordProblems } from './words.ts';

const command = 'stop';

type Result =
  | { readonly task: LiveTask; readonly stopped: Stopped }
  | { readonly task: LiveTask; readonly failure: SandboxFailure };

/** `sandbox stop`: ends running tasks as their deadline would. */
export const stop: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: isJson(args), cancel }, async () => {
    const asked = { command, problems: problemsOf(args), terminal, cancel };
    const results = await withKnownTasks(args, asked, async ({ tasks, board }) => {
      const chosen = isAll(args) ? own(tasks, { args, terminal }) : named(tasks, args.rest);
      // At once: each of them may take its whole grace.
      return await Promise.all(
        chosen.map(async (task) => {
          const result = await stopOne(task, { board, cancel });
          tell(result, { args, terminal });
          return result;
        }),
      );
    });
    if (isJson(args)) terminal.stdout.write(jsonText(jsonOf(results)));
    return results.every((result) => 'stopped' in result) ? answers.fine : answers.notFine;
  });
};

function problemsOf(args: CommandArgs) {
  if (isAll(args)) return wordProblems(args, { command: 'stop --all', names: [] });
  return wordProblems(args, { command, names: ['ID…'], repeats: true });
}

function isAll({ values }: CommandArgs): boolean {
  return values[taskStopFlags.all.name] === true;
}

interface Telling {
  readonly args: CommandArgs;
  readonly terminal: Terminal;
}

function own(tasks: readonly LiveTask[], { args, terminal }: Telling): LiveTask[] {
  const chosen = tasks.filter((task) => isOwn(task));
  const others = tasks.length - chosen.length;
  if (others > 0 && !isQuiet(args)) {
    const count = others === 1 ? '1 task' : `${others} tasks`;
    writeNote(terminal, `${count} of other users or machines left alone; name one to stop it`);
  }
  return chosen;
}

/** All are looked for before any is stopped. */
function named(tasks: readonly LiveTask[], words: readonly string[]): LiveTask[] {
  const ids = [...new Set(tasks.map(({ id }) => id))];
  const place = 'a running task (see: sandbox ps)';
  const chosen = words.map((word) => chooseId(word, { ids, place }));
  return [...new Set(chosen)].map((id) =>
    onlyOne(
      tasks.filter((task) => task.id === id),
      id,
    ),
  );
}

/** The same id may be running on an engine and without one. */
function onlyOne(tasks: readonly LiveTask[], id: string): LiveTask {
  const [task, ...others] = tasks;
  if (task && others.length === 0) return task;
  const engines = tasks.map(({ engine }) => engine.name).join(', ');
  throw new SandboxFailure(
    'usage',
    `expected the id of one task, got "${id}", which several have`,
    {
      hint: `Choose one with --engine: ${engines}`,
    },
  );
}

async function stopOne(
  task: LiveTask,
  { board, cancel }: Pick<KnownTasks, 'board'> & { readonly cancel: AbortSignal },
): Promise<Result> {
  try {
    return { task, stopped: await stopTask(task, board, cancel) };
  } catch (error) {
    // One that cannot be stopped does not keep the others.
    if (!(error instanceof SandboxFailure) || cancel.aborted) throw error;
    return { task, failure: error };
  }
}

function tell(result: Result, { args, terminal }: Telling): void {
  if ('failure' in result) {
    reportFailure(terminal, result.failure);
    return;
  }
  if (isJson(args)) return;
  const { task, stopped } = result;
  terminal.stdout.write(`${task.id}\n`);
  const note = stoppedNote(task, stopped);
  if (note !== null && !isQuiet(args)) writeNote(terminal, note);
}

function jsonOf(results: readonly Result[]): object {
  const stopped = results.flatMap((result) =>
    'stopped' in result
      ? [{ id: result.task.id, ...result.stopped, receipt: result.task.receiptPath }]
      : [],
  );
  const failed = results.flatMap((result) =>
    'failure' in result ? [{ id: result.task.id, ...failureJson(result.failure) }] : [],
  );
  return { stopped, failed };
}

function isQuiet({ values }: CommandArgs): boolean {
  return values[taskStopFlags.quiet.name] === true;
}
