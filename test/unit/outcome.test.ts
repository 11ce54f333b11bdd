import { describe, expect, test } from 'vitest';
import { type FailureCode, SandboxFailure } from '../../src/failure.ts';
import { exitCodeOf, signalExitCode } from '../../src/outcome/exit-code.ts';
import {
  type Outcome,
  failureOf,
  outcomeOfFailure,
  statusOf,
  statuses,
  taskEndOf,
} from '../../src/outcome/outcome.ts';

const failure = (code: FailureCode) => new SandboxFailure(code, 'for the test');
const killed = { exitCode: 137, signal: 'SIGKILL' } as const;

const rows: { outcome: Outcome; status: string; exitCode: number }[] = [
  {
    outcome: { kind: 'exited', end: { exitCode: 0, signal: null } },
    status: 'passed',
    exitCode: 0,
  },
  {
    outcome: { kind: 'exited', end: { exitCode: 1, signal: null } },
    status: 'failed',
    exitCode: 1,
  },
  // A command may use the sandbox's own codes: the status tells them apart.
  ...[124, 125, 126, 127, 137, 255].map((exitCode) => ({
    outcome: { kind: 'exited', end: { exitCode, signal: null } } as const,
    status: 'failed',
    exitCode,
  })),
  {
    outcome: { kind: 'signaled', end: { exitCode: 139, signal: 'SIGSEGV' } },
    status: 'failed',
    exitCode: 139,
  },
  {
    // Whatever number the engine gave.
    outcome: { kind: 'signaled', end: { exitCode: 0, signal: 'SIGTERM' } },
    status: 'failed',
    exitCode: 143,
  },
  { outcome: { kind: 'timed-out', end: killed }, status: 'timed-out', exitCode: 124 },
  {
    outcome: { kind: 'timed-out', end: { exitCode: 0, signal: null } },
    status: 'timed-out',
    exitCode: 124,
  },
  { outcome: { kind: 'out-of-memory', end: killed }, status: 'out-of-memory', exitCode: 137 },
  {
    outcome: { kind: 'out-of-memory', end: { exitCode: 7, signal: null } },
    status: 'out-of-memory',
    exitCode: 7,
  },
  { outcome: { kind: 'workspace-limit', end: killed }, status: 'workspace-limit', exitCode: 137 },
  {
    // It ended by itself, and was past the limit by then.
    outcome: { kind: 'workspace-limit', end: { exitCode: 0, signal: null } },
    status: 'workspace-limit',
    exitCode: 137,
  },
  {
    outcome: { kind: 'cancelled', end: null, signal: 'SIGINT', by: 'caller' },
    status: 'cancelled',
    exitCode: 130,
  },
  {
    outcome: { kind: 'cancelled', end: killed, signal: 'SIGTERM', by: 'caller' },
    status: 'cancelled',
    exitCode: 143,
  },
  {
    outcome: { kind: 'not-started', failure: failure('command-not-executable') },
    status: 'not-started',
    exitCode: 126,
  },
  {
    outcome: { kind: 'not-started', failure: failure('command-not-found') },
    status: 'not-started',
    exitCode: 127,
  },
  {
    outcome: { kind: 'not-started', failure: failure('image-not-found') },
    status: 'not-started',
    exitCode: 125,
  },
  {
    outcome: { kind: 'engine-failed', failure: failure('engine-lost'), end: null },
    status: 'engine-failed',
    exitCode: 125,
  },
];

test.each(rows)('$outcome.kind $outcome.end.exitCode is "$status" and exits $exitCode', (row) => {
  expect(statusOf(row.outcome)).toBe(row.status);
  expect(exitCodeOf(row.outcome)).toBe(row.exitCode);
});

test('The rows above show every status', () => {
  expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(statuses));
});

test.each([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGKILL', 137],
  ['SIGPIPE', 141],
  ['SIGTERM', 143],
] as const)('Death by %s is exit code %i', (signal, code) => {
  expect(signalExitCode(signal)).toBe(code);
});

test('Only a task whose end was seen has one, and only a failure has a failure', () => {
  const lost = outcomeOfFailure(failure('engine-lost'));
  expect(taskEndOf({ kind: 'timed-out', end: killed })).toEqual(killed);
  expect(taskEndOf({ kind: 'cancelled', end: null, signal: 'SIGINT', by: 'caller' })).toBeNull();
  expect(taskEndOf(lost)).toBeNull();
  expect(failureOf(lost)?.code).toBe('engine-lost');
  expect(failureOf({ kind: 'timed-out', end: killed })).toBeNull();
});

describe('a failure that ends a run', () => {
  test.each<[FailureCode, Outcome['kind']]>([
    ['image-not-found', 'not-started'],
    ['image-pull-failed', 'not-started'],
    ['engine-not-found', 'not-started'],
    ['isolation-too-low', 'not-started'],
    ['not-enforceable', 'not-started'],
    ['id-in-use', 'not-started'],
    ['command-not-found', 'not-started'],
    ['start-failed', 'not-started'],
    ['network-not-usable', 'not-started'],
    ['engine-permission-denied', 'engine-failed'],
    ['engine-tls', 'engine-failed'],
    ['engine-api-version', 'engine-failed'],
    ['engine-unresponsive', 'engine-failed'],
    ['engine-error', 'engine-failed'],
    ['engine-lost', 'engine-failed'],
    ['internal', 'engine-failed'],
  ])('%s is %s', (code, kind) => {
    expect(outcomeOfFailure(failure(code)).kind).toBe(kind);
  });
});
