import { within } from '../engine/timer.ts';
import { flushed, giveUp } from '../report/flushed.ts';
import type { Terminal } from '../report/terminal.ts';

const lastWordsMs = 2_000;

/**
 * Waits until what was printed has been read. Once all is over by force nobody waits for a reader that stands
 * still: it gets a moment for the rest, and what is left then is given up. False where that is so of stdout.
 */
export async function untilRead({ stdout, stderr }: Terminal, over: AbortSignal): Promise<boolean> {
  const [isRead] = await Promise.all([readOrGivenUp(stdout, over), readOrGivenUp(stderr, over)]);
  return isRead;
}

async function readOrGivenUp(stream: NodeJS.WriteStream, over: AbortSignal): Promise<boolean> {
  const reading = flushed(stream).then(() => true);
  await Promise.race([reading, aborted(over)]);
  const isRead = await within(lastWordsMs, reading, false);
  if (!isRead) giveUp(stream);
  return isRead;
}

export async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
