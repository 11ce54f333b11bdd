import { describe, expect, test } from 'vitest';
import { deadlineMsOf, labels, ownerOf, taskLabels } from '../../src/engine/docker/labels.ts';
import { isAbandoned } from '../../src/engine/docker/sweep.ts';
import { currentOwner } from '../../src/engine/owner.ts';
import { taskLimits, taskSpec } from './support/task-spec.ts';

const nowMs = Date.parse('2025-01-01T00:00:00Z');
const observer = currentOwner();
const dead = JSON.stringify({ ...observer, pidStart: '1' });
const other = JSON.stringify({ ...observer, pid: process.ppid, pidStart: null });
const ours = taskLabels(taskSpec(), nowMs);
const endless = taskLabels(taskSpec({ limits: taskLimits({ timeoutMs: 0 }) }), nowMs);
const Names = ['/sandbox-task-1'];
const past = '2024-12-31T23:59:59.999Z';

describe('a container that is swept away', () => {
  test.each([
    ['whose owner is dead', { ...ours, [labels.owner]: dead }],
    ['without a deadline whose owner is dead', { ...endless, [labels.owner]: dead }],
    ['past its deadline', { ...ours, [labels.owner]: other, [labels.deadline]: past }],
    ['past its deadline, of another host', { ...otherHost(), [labels.deadline]: past }],
    ['past its deadline, of an owner that cannot be read', ownerless({ [labels.deadline]: past })],
  ])('is one %s', (_, Labels) => {
    expect(isAbandoned({ Labels, Names }, observer, nowMs)).toBe(true);
  });
});

describe('a container that is kept', () => {
  const foreign = { 'com.example': 'x', [labels.owner]: dead, [labels.deadline]: past };

  test.each<[string, Record<string, string>]>([
    ['without any label', {}],
    ['without our label, whatever else it carries', foreign],
    ['of a living owner before its deadline', { ...ours, [labels.owner]: other }],
    ['of this very process, whatever the clock says', { ...ours, [labels.deadline]: past }],
    ['of a living owner without a deadline', endless],
    ['of another host before its deadline', otherHost()],
    ['of an unknown owner before its deadline', ownerless({})],
    ['of an unknown owner and an unknown deadline', ownerless({ [labels.deadline]: 'soon' })],
    ['that carries our label alone', { [labels.tool]: 'sandbox-run' }],
  ])('is one %s', (_, Labels) => {
    expect(isAbandoned({ Labels, Names }, observer, nowMs)).toBe(false);
  });
});

test('A container of another name is kept, since labels are inherited from an image', () => {
  const Labels = { ...ours, [labels.deadline]: past };
  expect(isAbandoned({ Labels, Names: ['/sandbox-other'] }, observer, nowMs)).toBe(false);
});

test('Where the engine may be of another machine nobody judges whether an owner is dead', () => {
  expect(isAbandoned({ Labels: { ...ours, [labels.owner]: dead }, Names }, null, nowMs)).toBe(
    false,
  );
});

function otherHost(): Record<string, string> {
  return { ...ours, [labels.owner]: JSON.stringify({ ...observer, host: 'other', pidStart: '1' }) };
}

function ownerless(changes: Record<string, string>): Record<string, string> {
  return { ...ours, [labels.owner]: '{"who": "knows"}', ...changes };
}

describe('the labels of a task', () => {
  test('say whose it is, and win over those of the user', () => {
    const spec = taskSpec({ labels: { team: 'a', [labels.owner]: 'x' } });
    const own = taskLabels(spec, nowMs);
    expect(own).toMatchObject({ team: 'a', [labels.tool]: 'sandbox-run', [labels.task]: 'task-1' });
    expect(ownerOf(own)).toEqual(observer);
  });

  test('hold a deadline that leaves time to start and to end it', () => {
    const deadlineMs = deadlineMsOf(ours) ?? 0;
    expect(deadlineMs - nowMs).toBeGreaterThan(120_000 + 5_000);
    const Labels = { ...ours, [labels.owner]: other };
    expect(isAbandoned({ Labels, Names }, observer, deadlineMs)).toBe(false);
    expect(isAbandoned({ Labels, Names }, observer, deadlineMs + 1)).toBe(true);
  });

  test.each([0, Number.MAX_SAFE_INTEGER])('hold none for a timeout of %i ms', (timeoutMs) => {
    const own = taskLabels(taskSpec({ limits: taskLimits({ timeoutMs }) }), nowMs);
    expect(own[labels.deadline]).toBe('none');
    expect(deadlineMsOf(own)).toBeNull();
  });
});
