import { describe, expect, test } from 'vitest';
import { isOwn, liveTasks } from '../../src/control/live-tasks.ts';
import type { Mark } from '../../src/control/mark.ts';
import type { EngineTask } from '../../src/engine/engine.ts';
import { currentOwner } from '../../src/engine/owner.ts';
import { spanText, taskJson, taskTable } from '../../src/report/tasks.ts';
import { taskRecord } from './support/task-record.ts';

const owner = currentOwner();
const startMs = Date.parse('2025-01-01T00:00:00Z');

function engineTask(changes: Partial<EngineTask> = {}): EngineTask {
  return {
    ...{ id: 'one', handle: 'handle-one', state: 'running', command: ['echo', 'secret'] },
    ...{ createdAt: new Date(startMs - 500), startedAt: new Date(startMs) },
    ...{ timeoutMs: 60_000, killAfterMs: 5_000, owner, ownerState: 'unknown' },
    ...changes,
  };
}

function mark(changes: Partial<Mark['task']> = {}): Mark {
  const task = {
    ...{ id: 'one', handle: 'handle-one', command: ['echo', '[secret:TOKEN]'] },
    ...{ engine: { name: 'docker' as const, address: null }, receiptPath: '/srv/one.json' },
    ...{ startedAtMs: startMs, timeoutMs: 30_000, killAfterMs: 1_000, ...changes },
  };
  return { owner, task, socketPath: '/nowhere' };
}

const simulated = mark({ id: 'two', handle: null, engine: { name: 'simulation', address: null } });

function known(tasks: EngineTask[], marks: Mark[], withSimulated = true) {
  const { engine: facts } = taskRecord();
  if (!facts) throw new Error('a record has an engine');
  return liveTasks({ engine: { facts, tasks }, marks, withSimulated });
}

describe('the tasks that run', () => {
  test('are those of the engine, as their owners tell of them, and those without one', () => {
    const [one, two] = known([engineTask()], [simulated, mark()]);
    expect(one).toMatchObject({ id: 'one', command: ['echo', '[secret:TOKEN]'] });
    expect(one).toMatchObject({ ownerState: 'alive', receiptPath: '/srv/one.json' });
    expect(one?.deadlineAt).toEqual(new Date(startMs + 30_000));
    expect(two).toMatchObject({ id: 'two', ownerState: 'alive', onEngine: null });
  });

  test('are told of by the engine where their owner does not', () => {
    const [one] = known([engineTask()], [mark({ handle: 'of another engine' })]);
    expect(one).toMatchObject({ command: ['echo', 'secret'], ownerState: 'unknown', mark: null });
    expect(one?.deadlineAt).toEqual(new Date(startMs + 60_000));
  });

  test('of no engine are left out where an engine is asked', () => {
    expect(known([], [simulated], false)).toEqual([]);
  });

  test.each([
    ['without a deadline', { timeoutMs: 0 }],
    ['whose deadline nobody knows', { timeoutMs: null }],
    ['that has not started', { startedAt: null }],
    ['whose deadline no date can hold', { timeoutMs: 8.7e15 }],
  ])('have no deadline: one %s', (_, changes) => {
    expect(known([engineTask(changes)], [])[0]?.deadlineAt).toBeNull();
  });
});

describe('a task of this user', () => {
  test.each([
    ['one whose owner answers', engineTask({ owner: null }), [mark()], true],
    ['one of the same user on this machine', engineTask(), [], true],
    ['not one of another user', engineTask({ owner: { ...owner, uid: 12_345 } }), [], false],
    ['not one of another machine', engineTask({ owner: { ...owner, host: 'other' } }), [], false],
    ['not one of an older version', engineTask({ owner: { ...owner, uid: null } }), [], false],
    ['not one of nobody', engineTask({ owner: null }), [], false],
  ])('is %s', (_, task, marks, expected) => {
    expect(known([task], marks).map((one) => isOwn(one))).toEqual([expected]);
  });
});

describe('the table', () => {
  test('has one line for each, cut to the width and harmless', () => {
    const task = engineTask({ command: ['printf', '\u001b[2Jx\ny', 'z'.repeat(500)] });
    const text = taskTable(known([task], []), { nowMs: startMs + 10_000, columns: 80 });
    const lines = text.split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]?.length).toBeLessThanOrEqual(80);
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(lines[1]).toMatch(/^one +printf .*… +10s +50s +unknown +docker$/);
  });

  test('says of a task past its deadline that it is ending', () => {
    const text = taskTable(known([engineTask()], []), { nowMs: startMs + 65_000, columns: 80 });
    expect(text).toMatch(/ ending +unknown/);
  });

  test.each([
    [0, '0s'],
    [-1000, '0s'],
    [59_999, '59s'],
    [125_000, '2m 5s'],
    [3_600_000, '1h'],
    [90_061_000, '1d 1h'],
  ])('calls %i ms %j', (ms, expected) => {
    expect(spanText(ms)).toBe(expected);
  });
});

test('For programs unknown is null', () => {
  const task = engineTask({ owner: null, startedAt: null });
  const [one] = known([task], []);
  expect(one && taskJson(one, startMs)).toMatchObject({
    ...{ startedAt: null, deadlineAt: null, leftMs: null, receipt: null },
    owner: { state: 'unknown', host: null, pid: null, uid: null },
  });
});
