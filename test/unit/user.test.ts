import { expect, test } from 'vitest';
import { taskUser } from '../../src/engine/docker/user.ts';
import { currentCaller } from '../../src/spec/host-path.ts';
import { taskSpec } from './support/task-spec.ts';

const { uid, gid } = currentCaller();

test.each([
  ['the caller', null, false, `${uid ?? 0}:${gid ?? 0}`],
  ['the caller, where the engine does not say what it is', null, null, `${uid ?? 0}:${gid ?? 0}`],
  ['uid 0 in a rootless engine, which is the caller', null, true, '0:0'],
  ['whoever was asked for', 'nobody', false, 'nobody'],
  ['whoever was asked for in a rootless engine', '7:7', true, '7:7'],
])('A task is %s', (...row) => {
  const [, user, isRootless, expected] = row;
  expect(taskUser(taskSpec({ user }), isRootless)).toBe(expected);
});
