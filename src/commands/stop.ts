import { type LiveTask, isOwn } from '../control/live-tasks.ts';
import { type Stopped, stopTask } from '../control/stop-task.ts';
import { SandboxFailure } from '../failure.ts';
import { readReceipt } from '../receipt/read-receipt.ts';
import { taskReceipts } from '../receipt/task-receipts.ts';
import { reportFailure, writeNote } from '../report/human.ts';
import { failureJson, jsonText } from '../report/json.ts';
import { stoppedNote } from '../report/tasks.ts';
import type { Terminal } from '../report/terminal.ts';
import { type IdChoice, chooseId, takenFor } from '../spec/choose-id.ts';
import { Problems } from '../spec/problems.ts';
import { answer, answers, cancelledBy, isJson } from './answer.ts';
import type { Command, CommandArgs } from './command.ts';
import { type KnownTasks, withKnownTasks } from './known-tasks.ts';
import { taskStopFlags } from './ps-flags.ts';
import { receiptPlace } from './without-project.ts';
import { wordProblems } from './words.ts';

const command = 'stop';

type Result = { readonly task: LiveTask; readonly stopped: Stopped } | NotStopped;

interface NotStopped {
  readonly task: Pick<LiveTask, 'id'>;
  readonly failure: SandboxFailure;
}

/** `sandbox stop`: ends running tasks as their deadline would. */
export const stop: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  let isAsked = false;
  const lastWord = (signal: NodeJS.Signals) => (isAsked ? goesOn(signal) : cancelledBy(signal));
  return await answer({ terminal, isJson: isJson(args), cancel, lastWord }, async () => {
    const asked = { command, problems: problemsOf(args), terminal, cancel };
    const results = await withKnownTasks(args, asked, async (known) => {
      const { board } = known;
      const { chosen, missing } = isAll(args)
        ? { chosen: own(known.tasks, { args, terminal }), missing: [] }
        : await named(known, { args, terminal });
      for (const result of missing) tell(result, { args, terminal });
      isAsked = chosen.length > 0;
      // At once: each of them may take its whole grace.
      const results = await Promise.all(
        chosen.map(async (task) => {
          const result = await stopOne(task, { board, cancel });
          tell(result, { args, terminal });
          return result;
        }),
      );
      return [...missing, ...results];
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
  if (tasks.length === others && !isQuiet(args)) {
    writeNote(terminal, 'no tasks of yours are running');
  }
  return chosen;
}

function goesOn(signal: NodeJS.Signals): string {
  return `${signal}: not waited for any longer; the stop was asked for and goes on (see: sandbox ps)`;
}

/** All are looked for before any is stopped; one that does not run does not keep the others. */
async function named({ tasks, where }: KnownTasks, { args, terminal }: Telling) {
  const choice: IdChoice = {
    ids: [...new Set(tasks.map(({ id }) => id))],
    place: 'a running task (see: sandbox ps)',
    none: `No task is running on ${where}.`,
    code: 'task-not-found',
  };
  const ids = new Set<string>();
  const missing: NotStopped[] = [];
  for (const word of new Set(args.rest)) {
    // Whoever spells out the id of a task that has ended does not mean another one whose id begins so.
    const ended = choice.ids.includes(word) ? null : await endedTask(word, { args, isWhole: true });
    if (ended !== null) {
      missing.push(hasEnded(ended));
      continue;
    }
    try {
      const id = chooseId(word, choice);
      ids.add(id);
      if (id !== word && !isQuiet(args)) writeNote(terminal, takenFor(word, id));
    } catch (error) {
      if (!(error instanceof SandboxFailure)) throw error;
      missing.push(await notRunning(word, { args, error, choice }));
    }
  }
  const ofId = (id: string) => tasks.filter((task) => task.id === id);
  return { chosen: [...ids].map((id) => onlyOne(ofId(id), id)), missing };
}

interface Unchosen {
  readonly args: CommandArgs;
  readonly error: SandboxFailure;
  readonly choice: IdChoice;
}

/** How it ended, where there is a receipt of it in the usual place. */
async function notRunning(word: string, { args, error, choice }: Unchosen): Promise<NotStopped> {
  const isCut = choice.ids.some((id) => id.startsWith(word));
  const ended = isCut ? null : await endedTask(word, { args, isWhole: false });
  return ended === null ? { task: { id: word }, failure: error } : hasEnded(ended);
}

interface EndedTask {
  readonly id: string;
  readonly path: string;
  readonly status: string;
  /** Null where it never started. */
  readonly finishedAt: string | null;
}

/** With the time: a batch may be about to run it again. */
function hasEnded({ id, path, status, finishedAt }: EndedTask): NotStopped {
  const when = finishedAt === null ? '' : ` at ${finishedAt}`;
  const message = `${id} has ended: ${status}${when}`;
  const failure = new SandboxFailure('task-not-found', message, { hint: `Its receipt: ${path}` });
  return { task: { id }, failure };
}

interface Wanted {
  readonly args: CommandArgs;
  /** False: the beginning of its id will do. */
  readonly isWhole: boolean;
}

async function endedTask(word: string, { args, isWhole }: Wanted): Promise<EndedTask | null> {
  const place = await receiptPlace(args, new Problems());
  if (place === null) return null;
  const receipts = taskReceipts(place);
  const ids = await receipts.ids();
  const begin = isWhole ? [] : ids.filter((id) => id.startsWith(word));
  const id = ids.includes(word) ? word : begin.length === 1 ? begin[0] : undefined;
  if (id === undefined) return null;
  const path = receipts.pathOf(id);
  const receipt = await readReceipt(path, id);
  return receipt && { id, path, status: receipt.status, finishedAt: receipt.timing.finishedAt };
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
