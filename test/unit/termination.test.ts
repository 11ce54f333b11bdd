import { expect, test } from 'vitest';
import { Termination } from '../../src/outcome/termination.ts';

test('The first cause wins, and every signal that was sent is kept in order', () => {
  const termination = new Termination();
  expect(termination.cause).toBeNull();
  termination.record({ kind: 'deadline' }, { signal: 'SIGTERM', afterMs: 10 });
  termination.record({ kind: 'cancelled', signal: 'SIGINT' }, { signal: 'SIGKILL', afterMs: 20 });
  expect(termination.cause).toEqual({ kind: 'deadline' });
  expect(termination.signals).toEqual([
    { signal: 'SIGTERM', afterMs: 10 },
    { signal: 'SIGKILL', afterMs: 20 },
  ]);
});
