import { describe, expect, test } from 'vitest';
import { defaultJobs, memoryForTasks } from '../../src/run/batch/default-jobs.ts';
import { Halting } from '../../src/run/batch/halting.ts';
import { MemoryBudget } from '../../src/run/batch/memory-budget.ts';
import { isRetryable, retryDelayMs } from '../../src/run/batch/retry-policy.ts';
import { shuffled } from '../../src/run/batch/shuffle.ts';
import { SandboxFailure } from '../../src/failure.ts';
import { type Outcome, outcomeOfFailure } from '../../src/outcome/outcome.ts';
import type { RowStatus } from '../../src/receipt/batch-summary.ts';
import { composeReceipt } from '../../src/receipt/compose-receipt.ts';
import { parseHalt, parseJobs, parseRetries, parseRetryOn } from '../../src/spec/batch-options.ts';
import { taskRecord } from './support/task-record.ts';
import { taskLimits, taskSpec } from './support/task-spec.ts';

const gib = 1024 ** 3;
const tasksOf = (count: number, limits: Parameters<typeof taskLimits>[0] = {}) =>
  Array.from({ length: count }, (_, index) => {
    const spec = taskSpec({ limits: taskLimits({ cpus: 1, memoryBytes: gib, ...limits }) });
    return { index, line: null, spec };
  });

describe('tasks at once', () => {
  const large = { cpus: 64, memoryBytes: 256 * gib };
  test.each([
    ['the CPUs of this host', [{ cpus: 3, memoryBytes: 256 * gib }, large], {}, 3],
    ['the CPUs of the engine', [large, { cpus: 4, memoryBytes: 256 * gib }], {}, 4],
    ['a quota of less than one', [{ cpus: 0.5, memoryBytes: 8 * gib }], {}, 1],
    ['memory, of which some is left', [{ cpus: 64, memoryBytes: 10 * gib }], {}, 9],
    ['what each may use', [large], { cpus: 4 }, 16],
    ['how many there are', [{ cpus: 999, memoryBytes: 9999 * gib }], {}, 20],
    ['one, where a task is larger than the engine', [{ cpus: 1, memoryBytes: gib }], {}, 1],
    [
      'how many there are, where an engine does not tell',
      [{ cpus: null, memoryBytes: null }],
      {},
      20,
    ],
  ])('are limited by %s', (_, places, limits, jobs) => {
    expect(defaultJobs(tasksOf(20, limits), places)).toBe(jobs);
  });
});

describe('memory', () => {
  test('is lent as long as there is some, in the order of asking', async () => {
    const budget = new MemoryBudget(10);
    const admitted: string[] = [];
    const take = async (name: string, bytes: number) => {
      const giveBack = await budget.take(bytes);
      admitted.push(name);
      return giveBack;
    };
    const [first, second] = await Promise.all([take('a', 6), take('b', 4)]);
    // The last would fit sooner, and waits its turn all the same.
    const [third, fourth] = [take('c', 5), take('d', 1)];
    second();
    await Promise.resolve();
    expect(admitted).toEqual(['a', 'b']);
    first();
    (await third)();
    (await fourth)();
    expect(admitted).toEqual(['a', 'b', 'c', 'd']);
  });

  test('that is never there is lent to one that runs alone', async () => {
    const budget = new MemoryBudget(10);
    const giveBack = await budget.take(100);
    let isAdmitted = false;
    const next = budget.take(1).then(() => (isAdmitted = true));
    await Promise.resolve();
    expect(isAdmitted).toBe(false);
    giveBack();
    await next;
  });

  test('of an engine that does not tell is not counted', async () => {
    expect(memoryForTasks({ cpus: 1, memoryBytes: null })).toBeNull();
    await Promise.all([new MemoryBudget(null).take(gib), new MemoryBudget(null).take(gib)]);
  });
});

describe('--halt', () => {
  const endings = (text: string, total: number, statuses: RowStatus[]) => {
    const halting = new Halting(parseHalt(text), total);
    return statuses.map((status) => halting.after({ status, stoppedByOther: false }));
  };

  test.each([
    ['never', [null, null, null]],
    ['soon', [null, 'soon', 'soon']],
    ['now,fail=2', [null, null, 'now']],
    ['soon,fail=20%', [null, null, 'soon']],
    ['soon,fail=1%', [null, 'soon', 'soon']],
    ['now,fail=50%', [null, null, null]],
  ])('%s', (text, answers) => {
    expect(endings(text, 10, ['passed', 'failed', 'timed-out'])).toEqual(answers);
  });

  test.each([7, 14, 29, 55])('counts %i %% in whole tasks', (percent) => {
    const answers = endings(`soon,fail=${percent}%`, 100, Array<'failed'>(percent).fill('failed'));
    expect([answers.at(-2), answers.at(-1)]).toEqual([null, 'soon']);
  });

  test('does not count what was cancelled or never ran', () => {
    expect(endings('now', 10, ['cancelled', 'not-run', 'not-started'])).toEqual([
      null,
      null,
      'now',
    ]);
  });

  test('counts what somebody else cancelled', () => {
    const halting = new Halting(parseHalt('now'), 10);
    expect(halting.after({ status: 'cancelled', stoppedByOther: true })).toBe('now');
  });

  test.each([
    '',
    'later',
    'soon,fail=0',
    'soon,fail=0%',
    'now,fail=101%',
    'now,fail=-1',
    'soon,done=1',
  ])('expects something else than "%s"', (text) => {
    expect(() => parseHalt(text)).toThrow('expected never, soon or now');
  });
});

describe('another try', () => {
  const ended = { exitCode: 1, signal: null };
  const outcomes = {
    passed: { kind: 'exited', end: { exitCode: 0, signal: null } },
    failed: { kind: 'exited', end: ended },
    'timed-out': { kind: 'timed-out', end: ended },
    'out-of-memory': { kind: 'out-of-memory', end: ended },
    'engine-failed': outcomeOfFailure(new SandboxFailure('engine-lost', 'x')),
    'not-started': outcomeOfFailure(new SandboxFailure('command-not-found', 'x')),
    cancelled: { kind: 'cancelled', end: null, signal: 'SIGTERM', by: 'caller' },
    'stopped by another': { kind: 'cancelled', end: ended, signal: 'SIGKILL', by: 'other' },
  } as const satisfies Record<string, Outcome>;
  const receiptOf = (kind: keyof typeof outcomes) => ({
    receipt: composeReceipt(taskRecord({ outcome: outcomes[kind] })),
    failure: null,
  });
  const failed = (code: ConstructorParameters<typeof SandboxFailure>[0]) => ({
    receipt: null,
    failure: new SandboxFailure(code, 'x'),
    hasStarted: false,
  });

  test.each([
    ['receipt-not-writable', true],
    ['internal', true],
    ['id-in-use', false],
  ] as const)('after %s: %s', (code, expected) => {
    expect(isRetryable(failed(code), [])).toBe(expected);
  });

  test.each([
    ['passed', false],
    ['failed', false],
    ['timed-out', false],
    ['out-of-memory', false],
    ['engine-failed', true],
    ['not-started', false],
    ['cancelled', false],
    ['stopped by another', true],
  ] as const)('after a task that was %s: %s', (kind, expected) => {
    expect(isRetryable(receiptOf(kind), [])).toBe(expected);
  });

  test('is had for an ending that was asked for, and never for a pass', () => {
    const all = parseRetryOn('failed,timed-out,out-of-memory,workspace-limit');
    expect(isRetryable(receiptOf('failed'), all)).toBe(true);
    expect(isRetryable(receiptOf('failed'), ['timed-out'])).toBe(false);
    expect(isRetryable(receiptOf('passed'), all)).toBe(false);
  });

  test('comes later each time, up to a limit', () => {
    expect(retryDelayMs(1)).toBeGreaterThanOrEqual(250);
    expect(retryDelayMs(3)).toBeGreaterThanOrEqual(1_000);
    expect(retryDelayMs(50)).toBeLessThanOrEqual(45_000);
  });
});

test('a seed decides the order, in which nothing is lost', () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  const one = shuffled(items, 'seed');
  expect(shuffled(items, 'seed')).toEqual(one);
  expect(shuffled(items, 'other')).not.toEqual(one);
  expect(one).not.toEqual(items);
  expect(one.toSorted((a, b) => a - b)).toEqual(items);
});

test.each([
  [parseJobs, '0', 'a number of tasks at once'],
  [parseJobs, '1.5', 'a number of tasks at once'],
  [parseRetries, '-1', 'a number of retries'],
  [parseRetryOn, 'passed', 'failed, timed-out'],
  [parseRetryOn, '', 'failed, timed-out'],
  [parseRetryOn, 'failed,timedout', 'got "timedout", did you mean timed-out?'],
  [parseHalt, 'son,fail=2', 'got "son,fail=2", did you mean soon?'],
  [parseHalt, 'soon,fail=0', 'got "soon,fail=0"'],
])('%o refuses "%s"', (parse, text, message) => {
  expect(() => parse(text)).toThrow(message);
});
