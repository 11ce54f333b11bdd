import { OwnerSilent, askOwner } from '../control/ask-owner.ts';
import { keptMessages } from '../control/kept-messages.ts';
import { type Mark, readMarks } from '../control/mark.ts';
import type { ControlRequest } from '../control/message.ts';
import { SandboxFailure } from '../failure.ts';
import { lastLinesOfEach } from '../outcome/kept-output.ts';
import { keptOf } from '../receipt/kept-of-receipt.ts';
import { readReceipt } from '../receipt/read-receipt.ts';
import { type TaskReceipts, taskReceipts } from '../receipt/task-receipts.ts';
import { LogLines, LogPrinter, ReaderGone } from '../report/log-printer.ts';
import { writeNote } from '../report/human.ts';
import type { Terminal } from '../report/terminal.ts';
import { chooseId, takenFor } from '../spec/choose-id.ts';
import { Problems } from '../spec/problems.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command, CommandArgs } from './command.ts';
import { taskLogFlags } from './ps-flags.ts';
import { receiptPlace } from './without-project.ts';
import { wordProblems } from './words.ts';

const command = 'logs';

interface Reading {
  readonly printer: LogPrinter | LogLines;
  readonly request: Extract<ControlRequest, { ask: 'logs' }>;
  readonly cancel: AbortSignal;
  readonly terminal: Terminal;
}

/** `sandbox logs`: what a task prints while it runs, and what its receipt has of it afterwards. */
export const logs: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  // Whoever stops reading ends no task: not a word that could be taken for that.
  const lastWord = () => null;
  return await answer({ terminal, isJson: isJson(args), cancel, lastWord }, async () => {
    const { receipts, tail } = await understand(args);
    const marks = await readMarks();
    const typed = args.rest[0] ?? '';
    const id = await chosenId(typed, { marks, receipts });
    if (id !== typed) writeNote(terminal, takenFor(typed, id));
    const printer = isJson(args) ? new LogLines(terminal) : new LogPrinter(terminal);
    const follow = args.values[taskLogFlags.follow.name] === true;
    const request = { ask: 'logs', follow, tail } as const;
    const reading: Reading = { printer, request, cancel, terminal };
    const mark = marks.findLast(({ task }) => task.id === id);
    return await untilReaderGoes(async () => {
      const isTold = mark ? await fromOwner(mark, reading) : false;
      if (!isTold) await fromReceipt(id, mark?.task.receiptPath ?? receipts.pathOf(id), reading);
      await printer.end();
    });
  });
};

/** As with `| head`: whoever has read enough has what they wanted. */
async function untilReaderGoes(work: () => Promise<void>): Promise<number> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
  }
  return answers.fine;
}

async function understand(args: CommandArgs) {
  const problems = new Problems(wordProblems(args, { command, names: ['ID'] }));
  const tail = tailOf(args, problems);
  const place = await receiptPlace(args, problems);
  problems.throwIfAny('See: sandbox logs --help');
  if (place === null) throw new Error('no place of receipts, and no problem');
  return { receipts: taskReceipts(place), tail };
}

function tailOf({ values }: CommandArgs, problems: Problems): number | null {
  const text = values[taskLogFlags.tail.name];
  if (typeof text !== 'string') return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  problems.add('--tail', `expected a number of lines, got "${text}"`);
  return null;
}

interface Places {
  readonly marks: readonly Mark[];
  readonly receipts: TaskReceipts;
}

async function chosenId(typed: string, { marks, receipts }: Places): Promise<string> {
  const running = marks.map(({ task }) => task.id);
  return chooseId(typed, {
    ids: [...new Set([...(await receipts.ids()), ...running])],
    likely: running,
    place: `a running task, or of a receipt in ${receipts.place}`,
    none: `No task of yours is running on this machine, and there is no receipt in ${receipts.place}.`,
    code: 'task-not-found',
  });
}

/** False where the process that ran it has gone: then its receipt tells, or nothing does. */
async function fromOwner(mark: Mark, { printer, request, cancel }: Reading): Promise<boolean> {
  let isComplete = false;
  try {
    for await (const message of askOwner(mark, request, cancel)) {
      isComplete = message.kind === 'so-far' || message.kind === 'ended';
      await printer.print(message);
    }
  } catch (error) {
    if (!(error instanceof OwnerSilent)) throw error;
    return false;
  }
  if (!isComplete) throw brokenOff(mark);
  return true;
}

async function fromReceipt(id: string, path: string, reading: Reading): Promise<void> {
  const { printer, request, terminal } = reading;
  const receipt = await readReceipt(path, id);
  if (receipt === null) throw unreadable(id, path);
  const kept = { stdout: keptOf(receipt.stdout), stderr: keptOf(receipt.stderr) };
  for (const message of keptMessages(lastLinesOfEach(kept, request.tail)))
    await printer.print(message);
  const { status, exitCode, error } = receipt;
  if (status === 'not-started') {
    const [reason = ''] = (error?.message ?? 'its receipt does not say why').split('\n');
    writeNote(terminal, `${id} never started: ${reason}`);
  }
  await printer.print({ kind: 'ended', status, exitCode });
}

function brokenOff({ task }: Mark): SandboxFailure {
  return new SandboxFailure(
    'engine-lost',
    `the process that runs the task ${task.id} went away, or did not wait for this slow reader`,
    { hint: `What it kept is in its receipt, if it wrote one: ${task.receiptPath}` },
  );
}

function unreadable(id: string, path: string): SandboxFailure {
  return new SandboxFailure(
    'receipt-unreadable',
    `expected the receipt of ${id} at ${path}, found none that can be read`,
    { hint: 'Name its directory with --workspace or --receipt. What runs now: sandbox ps' },
  );
}
