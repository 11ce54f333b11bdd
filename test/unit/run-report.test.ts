import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RunReport } from '../../src/report/run-report.ts';
import type { RunEvent } from '../../src/run/event.ts';
import { taskSpec } from './support/task-spec.ts';

/** What is said at a terminal within an hour after an interrupt, where this has happened before it, and this after. */
function saidOfInterrupt(before: readonly RunEvent[], after: readonly RunEvent[] = []): string {
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  const terminal = { stdout: stderr, stderr, env: { NO_COLOR: '1' } } as never;
  const report = new RunReport(terminal, taskSpec(), { quiet: false, verbose: false });
  const [cancel, force] = [new AbortController(), new AbortController()];
  report.watch({ cancel: cancel.signal, force: force.signal });
  for (const event of before) report.onEvent(event);
  cancel.abort('SIGINT');
  for (const event of after) report.onEvent(event);
  vi.advanceTimersByTime(3_600_000);
  report.close();
  return ((stderr.read() as Buffer | null) ?? '').toString();
}

const [started, ended] = [{ kind: 'started' }, { kind: 'ended' }] as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('an interrupt', () => {
  test('of a task that goes on is told with what the next one does', () => {
    expect(saidOfInterrupt([started])).toBe(
      'sandbox: interrupted: the task has 5s to end (interrupt again to kill it)\n',
    );
  });

  test('is not said to have left a task time that has ended, however long it takes to tidy up', () => {
    expect(saidOfInterrupt([started], [ended])).toBe('');
    expect(saidOfInterrupt([started, ended])).toBe('');
  });

  test('before there is a task needs no such word', () => {
    expect(saidOfInterrupt([])).toBe('');
  });
});
