import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { SandboxFailure } from '../../src/failure.ts';
import { type TaskRecord, composeReceipt } from '../../src/receipt/compose-receipt.ts';
import { receiptSchema } from '../../src/receipt/receipt.ts';
import { nothingKnown, taskRecord } from './support/task-record.ts';
import { taskLimits, taskSpec } from './support/task-spec.ts';

const killed = { exitCode: 137, signal: 'SIGKILL' } as const;
const notFound = new SandboxFailure('command-not-found', 'command not found: x', { hint: 'Look.' });
const lost = new SandboxFailure('engine-lost', 'gone');
const simulation = {
  name: 'simulation',
  product: 'process group',
  version: '6.1',
  apiVersion: null,
  address: null,
  runtime: null,
  rootless: null,
  cgroupVersion: null,
} as const;

const records: Record<string, TaskRecord> = {
  passed: taskRecord(),
  failed: taskRecord({ outcome: { kind: 'exited', end: { exitCode: 3, signal: null } } }),
  signaled: taskRecord({ outcome: { kind: 'signaled', end: killed } }),
  'timed-out': taskRecord({
    outcome: { kind: 'timed-out', end: killed },
    cause: { kind: 'deadline' },
    signals: [
      { signal: 'SIGTERM', afterMs: 120_000.4567 },
      { signal: 'SIGKILL', afterMs: 125_000 },
    ],
  }),
  'out-of-memory': taskRecord({ outcome: { kind: 'out-of-memory', end: killed } }),
  cancelled: taskRecord({
    outcome: { kind: 'cancelled', end: killed, signal: 'SIGINT', by: 'caller' },
    cause: { kind: 'cancelled', signal: 'SIGINT' },
    signals: [{ signal: 'SIGINT', afterMs: 5 }],
  }),
  'cancelled before it started': taskRecord({
    ...nothingKnown,
    outcome: { kind: 'cancelled', end: null, signal: 'SIGTERM', by: 'caller' },
  }),
  'not started': taskRecord({
    ...nothingKnown,
    outcome: { kind: 'not-started', failure: notFound },
  }),
  'engine lost': taskRecord({
    outcome: { kind: 'engine-failed', failure: lost, end: null },
    ending: null,
    finishedAt: null,
    durationMs: null,
    removed: false,
    outputComplete: false,
  }),
  simulated: taskRecord({
    engine: simulation,
    sandbox: {
      image: null,
      runtime: null,
      isolation: { level: 'none', simulated: true, loosened: [] },
      notEnforced: ['memory', 'network'],
      enforced: {
        memoryBytes: null,
        memorySwapBytes: null,
        cpus: null,
        pidsLimit: null,
        timeoutMs: null,
        killAfterMs: 0,
      },
      user: null,
      network: { name: 'host', id: null, reaches: ['host'] },
      handle: null,
    },
  }),
};

const receiptOf = (name: string, changes: Partial<TaskRecord> = {}) => {
  const record = records[name];
  if (!record) throw new Error(`no record "${name}"`);
  return composeReceipt({ ...record, ...changes });
};

describe('every receipt', () => {
  const published: unknown = JSON.parse(
    readFileSync(new URL('../../src/receipt/receipt.schema.json', import.meta.url), 'utf8'),
  );
  const ajv = new Ajv({ allErrors: true });
  formats.default(ajv);
  const validate = ajv.compile(published as object);

  test.each(Object.keys(records))(
    'is valid by the code and by the published schema: %s',
    (name) => {
      const receipt = receiptOf(name);
      const read: unknown = JSON.parse(JSON.stringify(receipt));
      expect(v.parse(receiptSchema, read)).toEqual(receipt);
      validate(read);
      expect(validate.errors).toBeNull();
    },
  );

  test('is checked by a schema that knows no other field', () => {
    expect(validate({ ...receiptOf('passed'), more: 1 })).toBe(false);
    expect(validate({ ...receiptOf('passed'), status: 'fine' })).toBe(false);
  });
});

describe('what a receipt says', () => {
  test.each([
    ['passed', 'passed', 0, { exitCode: 0, signal: null }],
    ['failed', 'failed', 3, { exitCode: 3, signal: null }],
    ['signaled', 'failed', 137, killed],
    ['timed-out', 'timed-out', 124, killed],
    ['out-of-memory', 'out-of-memory', 137, killed],
    ['cancelled', 'cancelled', 130, killed],
    ['cancelled before it started', 'cancelled', 143, null],
    ['not started', 'not-started', 127, null],
    ['engine lost', 'engine-failed', 125, null],
  ])('of a task that was %s', (...row) => {
    const [name, status, exitCode, task] = row;
    expect(receiptOf(name)).toMatchObject({ status, exitCode, task });
  });

  test('Of the environment it holds names and no values', () => {
    const environment = { TOKEN: 'hunter2', OTHER: 'hunter2' };
    const receipt = receiptOf('passed', { spec: taskSpec({ environment }) });
    expect(receipt.environment).toEqual(['TOKEN', 'OTHER']);
    expect(JSON.stringify(receipt)).not.toContain('hunter2');
  });

  test('Times are RFC 3339 in UTC, durations are milliseconds', () => {
    expect(receiptOf('passed').timing).toEqual({
      startedAt: '2025-01-01T00:00:00.000Z',
      finishedAt: '2025-01-01T00:00:02.000Z',
      durationMs: 2_000.1,
      phases: { connect: 10.1, run: 2_000.1 },
    });
  });

  test('A limit that is none is null, never 0', () => {
    const spec = taskSpec({ limits: taskLimits({ timeoutMs: 0, killAfterMs: 0 }) });
    const { requested } = receiptOf('passed', { spec }).limits;
    expect([requested.timeoutMs, requested.killAfterMs]).toEqual([null, 0]);
  });

  test('Of what never came to be it says what was asked for, and null for the rest', () => {
    expect(receiptOf('not started')).toMatchObject({
      engine: null,
      isolation: { level: null, simulated: null, notEnforced: [] },
      image: { reference: 'debian:bookworm-slim', id: null, digest: null },
      user: null,
      network: { name: 'isolated', id: null },
      limits: { enforced: null },
      timing: { startedAt: null, finishedAt: null, durationMs: null },
      error: { code: 'command-not-found', message: 'command not found: x', hint: 'Look.' },
    });
  });

  test('A simulation used no image, also where it came to nothing', () => {
    expect(receiptOf('simulated').image).toBeNull();
    expect(receiptOf('not started', { engine: simulation }).image).toBeNull();
  });
});

describe('the evidence', () => {
  test('of a deadline is its limit, when it passed and what was sent', () => {
    expect(receiptOf('timed-out').evidence).toMatchObject({
      deadline: { limitMs: 120_000 },
      cancelledBy: null,
      signalsSent: [
        { signal: 'SIGTERM', afterMs: 120_000.5 },
        { signal: 'SIGKILL', afterMs: 125_000 },
      ],
    });
  });

  test('of a cancellation is who sent it, and no deadline', () => {
    expect(receiptOf('cancelled').evidence).toMatchObject({
      deadline: null,
      cancelledBy: 'SIGINT',
    });
  });

  test("is the engine's own events, and null for kills where it cannot tell", () => {
    const event = { event: 'die', at: '2025-01-01T00:00:02.000Z', exitCode: 0 };
    expect(receiptOf('passed').evidence).toMatchObject({ oomKills: 0, engineEvents: [event] });
    expect(receiptOf('engine lost').evidence).toMatchObject({ oomKills: null, engineEvents: [] });
  });

  test.each([
    ['engine lost', {}, true],
    ['engine lost', { startAsked: false }, false],
    ['engine lost', { removed: true }, false],
    ['engine lost', { ending: taskRecord().ending }, false],
    ['not started', {}, false],
    ['passed', {}, false],
  ])('of a task that was %s with %j: that it may still run is %s', (name, changes, expected) => {
    expect(receiptOf(name, changes).evidence.mayStillRun).toBe(expected);
  });
});
