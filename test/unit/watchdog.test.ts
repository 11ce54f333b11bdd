import { describe, expect, test } from 'vitest';
import { isRoomIn } from '../../src/engine/docker/watchdog-room.ts';
import { watchdogCommand } from '../../src/engine/docker/watchdog-script.ts';
import { Termination } from '../../src/outcome/termination.ts';
import { composeReceipt } from '../../src/receipt/compose-receipt.ts';
import { outcomeOf } from '../../src/run/outcome-of.ts';
import { taskRecord } from './support/task-record.ts';

const MiB = 1024 ** 2;
const limits = { memoryBytes: 64 * MiB, pidsLimit: 64 };

describe('a task has room for a watchdog', () => {
  test.each([
    ['with little used', { memory_stats: { usage: 10 * MiB }, pids_stats: { current: 3 } }],
    ['where the engine does not tell', {}],
    [
      'where what is used are files that can be read again (cgroup v1)',
      { memory_stats: { usage: 63 * MiB, stats: { total_inactive_file: 40 * MiB } } },
    ],
    [
      'where what is used are files that can be read again (cgroup v2)',
      { memory_stats: { usage: 63 * MiB, stats: { inactive_file: 40 * MiB } } },
    ],
  ])('%s', (_, stats) => {
    expect(isRoomIn(stats, limits)).toBe(true);
  });

  test.each([
    ['memory', { memory_stats: { usage: 60 * MiB } }],
    ['processes', { pids_stats: { current: 60 } }],
  ])('but not at the brink of its %s', (_, stats) => {
    expect(isRoomIn(stats, limits)).toBe(false);
  });

  test('and never under a limit that it would take most of', () => {
    expect(isRoomIn({ pids_stats: { current: 2 } }, { ...limits, pidsLimit: 16 })).toBe(false);
  });
});

test('A watchdog has no more rights than the task, and whole seconds, which any `sleep` takes', () => {
  const options = watchdogCommand({ seconds: 7, limits: { killAfterMs: 1_500 } });
  expect(options).not.toHaveProperty('Privileged');
  expect(options).not.toHaveProperty('User');
  expect(options.Cmd?.slice(-2)).toEqual(['7', '2']);
});

describe('a task that its watchdog ended', () => {
  const end = { exitCode: 137, signal: 'SIGKILL' } as const;
  const watchdog = { isInForce: true, endedAfterMs: 9_000 };
  const ending = {
    ...{ end, watchdog, oomKills: 0, observed: [] },
    ...{ stoppedBy: null, endedFirst: false, isOver: true },
  };

  test('has timed out, although no signal of ours was taken', () => {
    const outcome = outcomeOf(ending, new Termination());
    const receipt = composeReceipt(taskRecord({ outcome, ending }));
    expect(receipt).toMatchObject({
      status: 'timed-out',
      exitCode: 124,
      evidence: {
        watchdog: true,
        deadline: { limitMs: 120_000, passedAfterMs: 9_000 },
        signalsSent: [{ signal: 'SIGKILL', afterMs: 9_000 }],
      },
    });
  });

  test('is what it was before, where the caller had cancelled it already', () => {
    const termination = new Termination();
    const cause = { kind: 'cancelled', signal: 'SIGINT' } as const;
    termination.record(cause, { signal: 'SIGINT', afterMs: 10 });
    const outcome = outcomeOf(ending, termination);
    const record = taskRecord({ outcome, ending, cause, signals: termination.signals });
    const { status, evidence } = composeReceipt(record);
    expect(status).toBe('cancelled');
    expect(evidence.deadline).toBeNull();
    expect(evidence.signalsSent.map(({ signal }) => signal)).toEqual(['SIGINT', 'SIGKILL']);
  });
});
