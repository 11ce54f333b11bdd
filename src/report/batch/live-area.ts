import { widthOf } from '../columns.ts';

const ticksMs = 100;
const idleTicks = 10;
const toStart = '\r';
const eraseBelow = '\u001b[J';
const up = (lines: number) => (lines > 0 ? `\u001b[${lines}A` : '');

/**
 * Lines at the bottom of a terminal that are drawn again and again, at most ten times a second. Whoever writes
 * anything else takes them away first; they come back by themselves.
 */
export class LiveArea {
  readonly #stream: NodeJS.WriteStream;
  readonly #compose: (columns: number, rows: number) => readonly string[];
  #widths: readonly number[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isStale = true;
  #idle = 0;

  constructor(
    stream: NodeJS.WriteStream,
    compose: (columns: number, rows: number) => readonly string[],
  ) {
    this.#stream = stream;
    this.#compose = compose;
  }

  /** There is something new to show. */
  refresh(): void {
    this.#isStale = true;
    if (this.#timer) return;
    this.#timer = setInterval(() => this.#tick(), ticksMs).unref();
    this.#draw();
  }

  /** Takes the lines away until the next tick. */
  clear(): void {
    const erased = this.#erasure();
    if (erased !== '') this.#stream.write(erased);
    this.#widths = [];
    this.#isStale = true;
  }

  /** Takes them away for good, unless something new comes. */
  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.clear();
  }

  /** Also where nothing is new, once a second: time passes. */
  #tick(): void {
    this.#idle += 1;
    if (this.#isStale || this.#idle >= idleTicks) this.#draw();
  }

  /** In one write, so that a terminal has nothing half done to show. */
  #draw(): void {
    const lines = this.#compose(this.#columns - 1, this.#stream.rows || 24);
    this.#stream.write(this.#erasure() + lines.join('\n'));
    this.#widths = lines.map(widthOf);
    this.#isStale = false;
    this.#idle = 0;
  }

  /** A terminal that has become narrower since has wrapped the lines. */
  #erasure(): string {
    if (this.#widths.length === 0) return '';
    const heights = this.#widths.map((width) => Math.max(1, Math.ceil(width / this.#columns)));
    const height = heights.reduce((sum, lines) => sum + lines, 0);
    return `${toStart}${up(height - 1)}${eraseBelow}`;
  }

  get #columns(): number {
    return this.#stream.columns || 80;
  }
}
