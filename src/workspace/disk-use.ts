import type { BigIntStats } from 'node:fs';
import type { Observer } from './survey.ts';
import type { Entry, Step } from './walk.ts';

/** What `stat` counts blocks in, whatever the file system's own are. */
export const blockBytes = 512;

/** Adds up the disk space of a tree; a file with several names counts once. */
export class DiskUse implements Observer {
  #bytes = 0;
  #isComplete = true;
  readonly #linked = new Set<string>();

  get bytes(): number {
    return this.#bytes;
  }

  /** False where something could not be looked at. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  enter({ place, stats }: Step & { kind: 'enter' }): void {
    if (!place.parent) this.#add(stats);
  }

  entry({ stats }: Entry): void {
    this.#add(stats);
  }

  leave({ isComplete }: Step & { kind: 'leave' }): void {
    this.#isComplete &&= isComplete;
  }

  unseen(): void {
    this.#isComplete = false;
  }

  #add(stats: BigIntStats): void {
    if (stats.nlink > 1n && !stats.isDirectory()) {
      const id = `${stats.dev}:${stats.ino}`;
      if (this.#linked.has(id)) return;
      this.#linked.add(id);
    }
    this.#bytes += Number(stats.blocks) * blockBytes;
  }
}
