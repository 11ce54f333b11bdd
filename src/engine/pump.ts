import type { Readable } from 'node:stream';
import { DirectSocket } from './direct-socket.ts';

/**
 * Hands every chunk to `consume` and stops reading while it asks to wait, so that memory stays flat whatever
 * a task prints. A chunk is valid only until `consume` returns. Resolves when the source ends or is closed.
 */
export async function pump(
  source: Readable,
  consume: (chunk: Buffer) => Promise<unknown> | undefined,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      source.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    let taken: Promise<unknown> = Promise.resolve();
    const deliver = (chunk: Buffer) => {
      try {
        const waiting = consume(chunk);
        if (!waiting) return;
        source.pause();
        taken = waiting.then(() => source.resume(), fail);
      } catch (error) {
        fail(error);
      }
    };
    source.on('error', reject);
    // The end may come while the last chunk is still waiting.
    const finish = () => void taken.then(() => resolve());
    source.on('close', finish);
    source.on('end', finish);
    // One that has nothing to say may have ended before anybody listened.
    if (source.readableEnded || source.destroyed) finish();
    else if (source instanceof DirectSocket) source.handTo(deliver);
    else source.on('data', deliver);
  });
}
