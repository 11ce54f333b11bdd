import { relative } from 'node:path';
import { type SandboxFailure } from '../failure.ts';
import { endingSentence, seconds } from '../receipt/ending-sentence.ts';
import type { Receipt } from '../receipt/receipt.ts';
import type { RunEvent } from '../run/event.ts';
import { type Terminal, colorsFor, printable, writeLine } from './terminal.ts';

const indent = ' '.repeat('sandbox: '.length);

export interface Verbosity {
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** One failure, with every problem it carries and what to do about it. */
export function reportFailure(terminal: Terminal, failure: SandboxFailure): void {
  const width = failure.problems.reduce((most, { subject }) => Math.max(most, subject.length), 0);
  writeSentence(terminal, failure.message);
  for (const { subject, message } of failure.problems) {
    writeLine(terminal, `  ${printable(subject).padEnd(width)}  ${printable(message)}`);
  }
  if (!failure.hint) return;
  writeLine(
    terminal,
    failure.problems.length > 0 ? failure.hint : indent + printable(failure.hint),
  );
}

/** One line that says what is as it should be. */
export function writeNote(terminal: Terminal, message: string): void {
  writeLine(terminal, `sandbox: ${printable(message)}`);
}

export function reportEvent(terminal: Terminal, event: RunEvent, { quiet }: Verbosity): void {
  if (event.kind !== 'warning' || quiet) return;
  const colors = colorsFor(terminal.stderr, terminal.env);
  writeLine(terminal, `${colors.yellow('sandbox: warning:')} ${printable(event.message)}`);
}

/** The last words of a run: as quiet as `docker run`, unless the sandbox itself ended the task. */
export function reportEnding(
  terminal: Terminal,
  { receipt, path }: { receipt: Receipt; path: string },
  { quiet, verbose }: Verbosity,
): void {
  const colors = colorsFor(terminal.stderr, terminal.env);
  const where = `receipt ${printable(shortest(path))}`;
  const sentence = endingSentence(receipt);
  if (sentence && !(quiet && isNoFailure(receipt))) {
    writeSentence(terminal, sentence, ` · ${where}`);
    if (receipt.error?.hint) writeLine(terminal, indent + printable(receipt.error.hint));
  }
  if (verbose && !quiet) writeLine(terminal, colors.dim(`sandbox: ${phasesOf(receipt)}`));
  if (sentence || quiet || !terminal.stderr.isTTY) return;
  writeLine(terminal, colors.dim(`sandbox: ${tookSentence(receipt)} · ${where}`));
}

/** Who leaves a shell takes along what its last command came to, and nothing has failed. */
function tookSentence({ status, tty, exitCode, timing }: Receipt): string {
  const took = seconds(timing.durationMs);
  const isLeft = tty && status === 'failed';
  return isLeft ? `ended in ${took}, exit code ${exitCode}` : `${status} in ${took}`;
}

/** What a program said, such as the last lines of a build, stays in lines of its own. */
function writeSentence(terminal: Terminal, message: string, end = ''): void {
  const colors = colorsFor(terminal.stderr, terminal.env);
  const [first = '', ...rest] = message.split('\n');
  writeLine(terminal, `${colors.red('sandbox:')} ${printable(first)}${end}`);
  for (const line of rest) writeLine(terminal, indent + printable(line));
}

/** Cancelled is what the caller, or `sandbox stop`, asked for. */
function isNoFailure({ status, evidence }: Receipt): boolean {
  return status === 'cancelled' && evidence.stoppedBy !== 'engine';
}

function phasesOf({ timing }: Receipt): string {
  return Object.entries(timing.phases)
    .map(([phase, ms]) => `${phase} ${Math.round(ms)} ms`)
    .join(', ');
}

/** Relative to the current directory, where that is shorter. */
export function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}
