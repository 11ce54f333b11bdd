import { withoutColours } from './build-log.ts';
import type { EngineLine } from '../pull/pull-stream.ts';

const keptLines = 40;
const keptLineLength = 300;
const removal = /^(?:Removing| ---> Removed) intermediate container (\S+)\n$/;

/**
 * What an engine tells of a build, step by step. The output of a command comes by the same way and may look the same,
 * so nothing but its end is heard while a step's container is there; and since that may be made up as well, whoever
 * acts on what stands here looks at the thing itself first.
 */
export class BuildTranscript {
  /** When it began, by the engine's clock; null where that is not known. */
  begunAt: Date | null = null;
  /** 1 is the first one; 0 where none has begun. */
  step = 0;
  /** The container of the step, as long as it has one. */
  container: string | null = null;
  /** What the steps made that were not in the cache, oldest first. */
  readonly made: string[] = [];
  /** What the last step that ended left. */
  lastImage: string | null = null;
  /** What came out in the end. */
  imageId: string | null = null;
  readonly #steps: number;
  readonly #baseId: string;
  #isCached = false;
  #output = '';

  constructor(steps: number, baseId: string) {
    this.#steps = steps;
    this.#baseId = baseId.replace('sha256:', '');
  }

  /** True where it was the beginning of a step. */
  take({ stream, aux }: EngineLine): boolean {
    this.imageId = idIn(aux) ?? this.imageId;
    if (stream === undefined) return false;
    if (this.container === null) return this.#hears(stream);
    const [, ended] = removal.exec(stream) ?? [];
    if (ended === this.container) this.container = null;
    else this.#keep(stream);
    return false;
  }

  /** The end of what the command of this step wrote. */
  lastLines(): string[] {
    return linesOf(this.#output).slice(-keptLines);
  }

  /** What the engine says between the commands. */
  #hears(stream: string): boolean {
    if (this.#beginsStep(stream)) return true;
    const [, said, id] = /^ ?---> (Running in |)([0-9a-f]{12,64})\n$/.exec(stream) ?? [];
    if (stream === ' ---> Using cache\n') this.#isCached = true;
    else if (id === undefined) this.#keep(stream);
    else if (said === '') this.#leaves(id);
    else {
      this.container = id;
      this.#isCached = false;
    }
    return false;
  }

  #beginsStep(stream: string): boolean {
    const [, step, steps] = /^step (\d+)\/(\d+) ?: /i.exec(stream) ?? [];
    if (Number(step) !== this.step + 1 || Number(steps) !== this.#steps) return false;
    this.step += 1;
    this.#isCached = false;
    this.#output = '';
    return true;
  }

  #leaves(id: string): void {
    this.lastImage = id;
    // The first step has what was there before, and whatever the base wants to be done then.
    if (!this.#isCached && !this.#baseId.startsWith(id)) this.made.push(id);
  }

  #keep(stream: string): void {
    this.#output = (this.#output + stream).slice(-keptLines * keptLineLength);
  }
}

/** Without colours and what else a terminal would obey; of a line that is drawn over and over only its end. */
function linesOf(output: string): string[] {
  return output
    .split('\n')
    .map((line) => line.trimEnd().split('\r').at(-1) ?? '')
    .map((line) => withoutColours(line).replace(/\p{Cc}/gu, ' '))
    .map((line) => line.slice(0, keptLineLength))
    .filter((line) => line.trim() !== '');
}

function idIn(aux: unknown): string | null {
  if (typeof aux !== 'object' || aux === null || !('ID' in aux)) return null;
  return typeof aux.ID === 'string' ? aux.ID : null;
}
