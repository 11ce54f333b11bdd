import { withoutColours } from './build-log.ts';
import type { EngineLine } from '../pull/pull-stream.ts';

const keptLines = 40;
const keptLineLength = 300;
const removal = /^Removing intermediate container [0-9a-f]{12,64}\n$/;

/**
 * What an engine tells of a build, step by step. The output of a command comes by the same way and may look the same,
 * so whoever acts on what stands here looks at the thing itself first.
 */
export class BuildTranscript {
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
  #isCached = false;
  #output = '';

  constructor(steps: number) {
    this.#steps = steps;
  }

  /** True where it was the beginning of a step. */
  take({ stream, aux }: EngineLine): boolean {
    this.imageId = idIn(aux) ?? this.imageId;
    if (stream === undefined) return false;
    if (this.#beginsStep(stream)) return true;
    const [, said, id] = /^ ?---> (Running in |)([0-9a-f]{12,64})\n$/.exec(stream) ?? [];
    // The command of a step cannot speak before it runs.
    if (said === 'Running in ' && this.container === null) this.container = id ?? null;
    else if (stream === ' ---> Using cache\n' && this.container === null) this.#isCached = true;
    else if (said === '' && id !== undefined) this.#leaves(id);
    // What the command said last may have no newline, so that it would stand on its line.
    else if (!removal.test(stream)) this.#keep(stream);
    return false;
  }

  /** The end of what the command of this step wrote. */
  lastLines(): string[] {
    return linesOf(this.#output).slice(-keptLines);
  }

  #beginsStep(stream: string): boolean {
    const [, step, steps] = /^step (\d+)\/(\d+) ?: /i.exec(stream) ?? [];
    if (Number(step) !== this.step + 1 || Number(steps) !== this.#steps) return false;
    this.step += 1;
    this.container = null;
    this.#isCached = false;
    this.#output = '';
    return true;
  }

  #leaves(id: string): void {
    this.lastImage = id;
    // The first step has what was there before.
    if (!this.#isCached && this.step > 1) this.made.push(id);
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
