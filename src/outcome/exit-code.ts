import { constants } from 'node:os';
import { type SandboxFailure, unreachable } from '../failure.ts';
import type { Outcome } from './outcome.ts';

export const exitCodes = {
  /** Of a batch. */
  someFailed: 1,
  timedOut: 124,
  sandboxFailed: 125,
  notExecutable: 126,
  notFound: 127,
  signalBase: 128,
} as const;

/** The table that README and --help print. */
export const exitCodeTable: readonly (readonly [code: string, meaning: string])[] = [
  ['0–255', "the command's own: it ran and ended"],
  ['124', 'the deadline passed'],
  ['125', 'the sandbox itself failed: bad flags, engine, image, receipt could not be written'],
  ['126', 'the command was found but cannot be executed'],
  ['127', 'the command was not found'],
  [
    '128+n',
    'ended by signal n (137 also when out of memory or over the workspace limit; 130/143/129 when interrupted)',
  ],
];

/** Of a batch. */
export const batchCodeTable: typeof exitCodeTable = [
  ['0', 'every task passed'],
  ['1', 'a task did not'],
  [
    '125',
    'the sandbox itself failed: bad flags, batch file or engine, a report could not be written',
  ],
  ['128+n', 'interrupted by signal n before every task had passed'],
];

/** Of the commands that run no task. */
export const answerCodeTable: typeof exitCodeTable = [
  ['0', 'all is fine'],
  ['1', 'something is not fine'],
  ['2', 'wrong usage; nothing was done'],
  ['125', 'standard output could not be written, such as on a full disk'],
  ['128+n', 'interrupted by signal n'],
];

/** What `sandbox run` returns. */
export function exitCodeOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'exited':
    case 'out-of-memory':
      return outcome.end.exitCode;
    case 'signaled':
      return signalExitCode(outcome.end.signal);
    case 'timed-out':
      return exitCodes.timedOut;
    case 'workspace-limit':
      return signalExitCode('SIGKILL');
    case 'cancelled':
      return signalExitCode(outcome.signal);
    case 'not-started':
      return notStartedCode(outcome.failure);
    case 'engine-failed':
      return exitCodes.sandboxFailed;
    default:
      return unreachable(outcome);
  }
}

export function signalExitCode(signal: NodeJS.Signals): number {
  return exitCodes.signalBase + constants.signals[signal];
}

function notStartedCode({ code }: SandboxFailure): number {
  if (code === 'command-not-found') return exitCodes.notFound;
  if (code === 'command-not-executable') return exitCodes.notExecutable;
  return exitCodes.sandboxFailed;
}
