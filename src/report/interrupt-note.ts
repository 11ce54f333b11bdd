import { abortedLater } from '../engine/timer.ts';
import { formatDuration } from '../spec/duration.ts';
import { writeNote } from './human.ts';
import type { Terminal } from './terminal.ts';

/** A task that is gone by then needs no word. */
const patienceMs = 1_000;

interface Interrupted {
  readonly cancel: AbortSignal;
  readonly force: AbortSignal;
  readonly killAfterMs: number;
  /** Whether there is a task that was passed the signal. */
  readonly isRunning: () => boolean;
}

/**
 * Tells who waits at a terminal what an interrupt has done to a task that goes on, and what the next one does.
 * Answers what is to be called once the run is over.
 */
export function noteInterrupt(
  terminal: Terminal,
  { cancel, force, killAfterMs, isRunning }: Interrupted,
): () => void {
  const { signal, clear } = abortedLater(cancel, patienceMs);
  signal.addEventListener('abort', () => {
    if (force.aborted || killAfterMs === 0 || !isRunning()) return;
    const grace = formatDuration(killAfterMs);
    writeNote(terminal, `interrupted: the task has ${grace} to end (interrupt again to kill it)`);
  });
  return clear;
}
