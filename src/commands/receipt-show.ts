import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { SandboxFailure } from '../failure.ts';
import { findReceipt, isReceiptPath } from '../receipt/find-receipt.ts';
import { type ReceiptFile, readFoundReceipt, readNamedReceipt } from '../receipt/receipt-file.ts';
import { type Receipt, receiptSchema } from '../receipt/receipt.ts';
import { shortest, writeNote } from '../report/human.ts';
import { glanceText } from '../report/receipts/glance-text.ts';
import { harmless, recordedBytes } from '../report/receipts/output-lines.ts';
import { receiptText } from '../report/receipts/receipt-text.ts';
import { argumentsLine } from '../report/shell-quote.ts';
import type { Terminal } from '../report/terminal.ts';
import { currentCaller } from '../spec/host-path.ts';
import { Problems } from '../spec/problems.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command, CommandArgs } from './command.ts';
import { receiptShowOnlyFlags as flags } from './receipt-flags.ts';
import { receiptShelf } from './receipt-shelf.ts';
import { receiptWordProblems } from './receipt-words.ts';

const command = 'receipt show';

type ReadReceipt = Extract<ReceiptFile, { kind: 'receipt' }>;

/** `sandbox receipt show PATH|ID [DIR]`: one task, for people; with --stdout or --stderr what it printed. */
export const receiptShow: Command = async (args, { terminal }) =>
  await answer({ terminal, isJson: isJson(args) }, async () => {
    const problems = new Problems(receiptWordProblems(args, { command, names: ['PATH|ID'] }));
    const stream = chosenStream(args, problems);
    const { path, file } = await askedReceipt(args, problems);
    if (file.kind !== 'receipt') throw noReceipt(path, file);
    if (stream !== null) writeStream(terminal, stream, file);
    else if (isJson(args)) terminal.stdout.write(file.text);
    else terminal.stdout.write(textOf(file, shortest(path)));
    return answers.fine;
  });

type StreamName = 'stdout' | 'stderr';

function chosenStream(args: CommandArgs, problems: Problems): StreamName | null {
  const given = Object.values(flags).filter(({ name }) => args.values[name] === true);
  const [chosen] = given;
  if (given.length + (isJson(args) ? 1 : 0) > 1)
    problems.add(command, 'expected one of --stdout, --stderr and --json, got several');
  return chosen?.name ?? null;
}

async function askedReceipt(args: CommandArgs, problems: Problems) {
  const [word = '', directory] = args.rest;
  const { cwd } = currentCaller();
  if (problems.isEmpty && directory === undefined && (await isReceiptPath(word, cwd))) {
    const path = resolve(cwd, word);
    return { path, file: await readNamedReceipt(path) };
  }
  const shelf = await receiptShelf(directory, { command, args, problems });
  const path = await findReceipt(word, shelf);
  return { path, file: await readFoundReceipt(path) };
}

function noReceipt(path: string, file: Exclude<ReceiptFile, ReadReceipt>): SandboxFailure {
  const found = {
    'batch-summary': 'it is the summary of a batch, whose receipts lie beside it',
    foreign: 'it is JSON of another kind',
    missing: 'there is no such file',
    unreadable: file.kind === 'unreadable' ? file.reason : '',
  }[file.kind];
  return new SandboxFailure('receipt-unreadable', `expected a receipt at ${path}: ${found}`, {
    hint: `See which there are: sandbox receipt ls ${argumentsLine([shortest(dirname(path)) || '.'])}`,
  });
}

/** As far as it goes, where it was written by another version. */
function textOf({ glance, value }: ReadReceipt, path: string): string {
  const whole = v.safeParse(receiptSchema, value);
  if (whole.success) return receiptText(whole.output, path);
  const [stdout, stderr] = [outputOf(value, 'stdout'), outputOf(value, 'stderr')];
  return glanceText({ glance, stdout, stderr }, path);
}

function outputOf(value: unknown, stream: StreamName): Receipt['stdout'] | null {
  const schema = v.object({ [stream]: receiptSchema.entries[stream] });
  const found = v.safeParse(schema, value);
  return found.success ? (found.output[stream] ?? null) : null;
}

/** Exactly the recorded bytes, unless it is a terminal, which would obey them. */
function writeStream(terminal: Terminal, stream: StreamName, { glance, value }: ReadReceipt): void {
  const output = outputOf(value, stream);
  if (output === null) {
    const message = `expected a receipt as it is known here: ${stream} of ${glance.schema} is not`;
    throw new SandboxFailure('receipt-unreadable', message);
  }
  const { isTTY } = terminal.stdout as { isTTY?: boolean };
  for (const bytes of recordedBytes(output))
    terminal.stdout.write(isTTY === true ? harmless(bytes.toString('utf8')) : bytes);
  if (!output.truncated) return;
  const amount = output.omittedBytes === null ? 'bytes' : `${output.omittedBytes} bytes`;
  writeNote(terminal, `${amount} between the first and the last part are not in the receipt`);
}
