import { within } from '../engine/timer.ts';
import { flushed, giveUp } from '../report/flushed.ts';
import type { Terminal } from '../report/terminal.ts';

const lastWordsMs = 2_000;

/**
 * Waits until what was printed has been read. Once all is over by force nobody waits for a reader that stands
 * still: it gets a moment for the rest, and what is left then is given up.
 */
export async function untilRead({ stdout, stderr }: Terminal, over: AbortSignal): Promise<void> {
  await Promise.all([stdout, stderr].map((stream) => readOrGivenUp(stream, over)));
}

async function readOrGivenUp(stream: NodeJS.WriteStream, over: AbortSignal): Promise<void> {
  const isRead = flushed(stream).then(() => true);
  await Promise.race([isRead, aborted(over)]);
  if (!(await within(lastWordsMs, isRead, false))) giveUp(stream);
}

export async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
