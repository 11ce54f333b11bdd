import type { Readable, Writable } from 'node:stream';

/** Copies input to the task until one of the two ends; answers what stops it. The source is never closed. */
export function forwardInput(source: Readable | null, target: Writable | null): () => void {
  if (!target) return () => undefined;
  // A task that does not read, or that has ended, is no error.
  target.on('error', () => undefined);
  if (!source) {
    target.end();
    return () => undefined;
  }
  source.on('error', () => target.end());
  source.pipe(target);
  return () => {
    source.unpipe(target);
    source.pause();
  };
}
