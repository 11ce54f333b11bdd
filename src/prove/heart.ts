import { lstatSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../engine/timer.ts';

const beatFile = 'beat';
const seenFile = 'beat-seen';

/** For `sh -c`: deaf, it adds to a file of the workspace for half a minute. No `'` in it: it is quoted with that. */
export const beating = `trap "" TERM INT HUP QUIT
n=0
while [ $n -lt 300 ]; do echo >>${beatFile}; n=$((n+1)); sleep 0.1 || sleep 1; done
exit`;

/** For `sh`: waits, for some seconds at most, until the host has seen the heart beat. */
export const untilSeen = `n=0
while [ ! -e ${seenFile} ] && [ $n -lt 60 ]; do n=$((n+1)); sleep 0.1 || sleep 1; done`;

const pollMs = 50;
/** Longer than the longest pause between two beats. */
const silenceMs = 1_200;

/**
 * What a process in the workspace that is to be gone later shows to the host while it is there. Whoever only finds
 * nothing afterwards does not know that there was something.
 */
export class Heart {
  readonly #workspace: string;
  readonly #timer: NodeJS.Timeout;
  readonly #sizes = new Set<number>();

  constructor(workspace: string) {
    this.#workspace = workspace;
    this.#timer = setInterval(() => this.#look(), pollMs);
  }

  /** It beat more than once. */
  get wasSeen(): boolean {
    return this.#sizes.size > 1;
  }

  async stillBeats(): Promise<boolean> {
    const before = this.#size();
    await within(silenceMs, new Promise(() => undefined), undefined);
    return this.#size() !== before;
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }

  #look(): void {
    const size = this.#size();
    if (size === 0 || this.#sizes.has(size)) return;
    this.#sizes.add(size);
    if (this.#sizes.size !== 2) return;
    writeFile(join(this.#workspace, seenFile), '', { flag: 'wx' }).catch(() => undefined);
  }

  #size(): number {
    return lstatSync(join(this.#workspace, beatFile), { throwIfNoEntry: false })?.size ?? 0;
  }
}
