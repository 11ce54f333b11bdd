import { opendir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Leftover } from '../engine/engine.ts';
import { receiptLeftover } from '../receipt/receipt-leftover.ts';
import { copyLeftover } from '../workspace/copy-place.ts';

/** What killed runs left in a directory of receipts. */
export async function leftoversBeside(directory: string): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for await (const { leftover } of namesIn(directory)) if (leftover) found.push(leftover);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Removes them beside a running task: a directory may hold a hundred thousand receipts, and nobody is to wait for a
 * look at their names. The end of the task is the end of the look; the next one, or `sandbox gc`, sees the rest.
 */
export class Sweep {
  readonly #directory: string;
  readonly #enough = new AbortController();
  #sweeping: Promise<void> | null = null;

  constructor(receiptPath: string) {
    this.#directory = dirname(receiptPath);
  }

  begin(): void {
    if (performance.now() < (nextLookMs.get(this.#directory) ?? 0)) return;
    nextLookMs.set(this.#directory, Infinity);
    this.#sweeping = this.#sweep().catch(() => undefined);
  }

  async end(): Promise<void> {
    this.#enough.abort();
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    let seen = 0;
    for await (const { leftover } of namesIn(this.#directory)) {
      seen += 1;
      // What cannot be removed now is removed by the next one.
      await leftover?.remove().catch(() => undefined);
      if (seen >= namesAtOnce && this.#enough.signal.aborted) break;
    }
    nextLookMs.set(this.#directory, performance.now() + Math.max(leastPauseMs, seen));
  }
}

/**
 * By directory: a batch has thousands of receipts in one, and to look through them for each of its tasks costs more
 * than it finds. One of a thousand names is looked through once a second, one of ten thousand every ten.
 */
const nextLookMs = new Map<string, number>();
const leastPauseMs = 1_000;

/** Read in one go, and so seen however short the task. */
const namesAtOnce = 1024;

/** Each name, with what it is where it is a leftover: only what begins with a dot can be one. */
async function* namesIn(directory: string): AsyncGenerator<{ leftover: Leftover | null }> {
  // Whoever may not list a directory may still write a receipt there.
  const names = await opendir(directory, { bufferSize: namesAtOnce }).catch(() => []);
  for await (const { name } of names) yield { leftover: await leftoverAt(directory, name) };
}

async function leftoverAt(directory: string, name: string): Promise<Leftover | null> {
  if (!name.startsWith('.')) return null;
  return (await receiptLeftover(directory, name)) ?? (await copyLeftover(directory, name));
}
