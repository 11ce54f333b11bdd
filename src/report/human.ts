import { relative } from 'node:path';
import { type SandboxFailure } from '../failure.ts';
import type { Receipt } from '../receipt/receipt.ts';
import type { RunEvent } from '../run/event.ts';
import { formatDuration } from '../spec/duration.ts';
import { type Terminal, colorsFor, printable, writeLine } from './terminal.ts';

const indent = ' '.repeat('sandbox: '.length);

export interface Verbosity {
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** One failure, with every problem it carries and what to do about it. */
export function reportFailure(terminal: Terminal, failure: SandboxFailure): void {
  const width = Math.max(0, ...failure.problems.map(({ subject }) => subject.length));
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
  const took = seconds(receipt.timing.durationMs);
  writeLine(terminal, colors.dim(`sandbox: ${receipt.status} in ${took} · ${where}`));
}

/** What a program said, such as the last lines of a build, stays in lines of its own. */
function writeSentence(terminal: Terminal, message: string, end = ''): void {
  const colors = colorsFor(terminal.stderr, terminal.env);
  const [first = '', ...rest] = message.split('\n');
  writeLine(terminal, `${colors.red('sandbox:')} ${printable(first)}${end}`);
  for (const line of rest) writeLine(terminal, indent + printable(line));
}

/** Cancelled is what the caller asked for. */
function isNoFailure({ status }: Receipt): boolean {
  return status === 'cancelled';
}

/** Null where the command ended by itself. */
function endingSentence(receipt: Receipt): string | null {
  const { status, error, limits, timing, evidence } = receipt;
  const signals = evidence.signalsSent.map(({ signal }) => signal).join(', then ');
  const endedBy = signals === '' ? '' : `, ended by ${signals}`;
  switch (status) {
    case 'passed':
    case 'failed':
      return null;
    case 'timed-out': {
      const limit = formatDuration(limits.requested.timeoutMs ?? 0);
      return `timed out after ${seconds(timing.durationMs)} (limit ${limit})${endedBy}`;
    }
    case 'out-of-memory':
      return `out of memory (limit ${mebibytes(limits.requested.memoryBytes)}), exit code ${receipt.exitCode}`;
    case 'workspace-limit': {
      const { limitBytes, seenBytes } = evidence.workspaceLimit ?? {
        limitBytes: null,
        seenBytes: null,
      };
      return `the workspace grew by ${mebibytes(seenBytes)} (limit ${mebibytes(limitBytes)})${endedBy}`;
    }
    case 'cancelled':
      return evidence.cancelledBy === 'SIGPIPE'
        ? `cancelled: the reader of the output went away${endedBy}`
        : `cancelled by ${evidence.cancelledBy ?? 'the caller'}${endedBy}`;
    case 'not-started':
      return error?.message ?? 'not started';
    case 'engine-failed':
      return `${error?.message ?? 'the engine failed'}${evidence.mayStillRun ? ' (the task may still be running)' : ''}`;
  }
}

function phasesOf({ timing }: Receipt): string {
  return Object.entries(timing.phases)
    .map(([phase, ms]) => `${phase} ${Math.round(ms)} ms`)
    .join(', ');
}

function seconds(ms: number | null): string {
  return ms === null ? '? s' : `${(ms / 1000).toFixed(1)} s`;
}

function mebibytes(bytes: number | null): string {
  return bytes === null ? 'none' : `${Math.round(bytes / 1024 ** 2)} MiB`;
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}
