import type { BatchSummary } from '../../receipt/batch-summary.ts';
import type { BatchEvent } from '../../run/batch/batch-event.ts';
import { canRewrite } from '../progress.ts';
import { type Terminal, colorsFor, writeLine } from '../terminal.ts';
import { barLine, standingLine } from './bar-line.ts';
import { cut } from '../columns.ts';
import { LiveArea } from './live-area.ts';
import { LogPace } from './log-pace.ts';
import { News, type NewsLine } from './news.ts';
import { endText } from './progress-lines.ts';
import { countText } from './row-text.ts';
import { type Standing, Tally } from './tally.ts';
import { type TaskChunk, TaskPrinter } from './task-printer.ts';

const mostInArea = 5;
const mostAtEnd = 20;

export interface BatchProgressOptions {
  /** Only what went wrong. */
  readonly quiet: boolean;
  /** Each line of a task's output begins with its id and a tab. */
  readonly tag: boolean;
}

/**
 * Shows a batch on stderr as it goes on: a bar and the latest failures on a terminal, lines of a log elsewhere.
 * Output of tasks goes on to the stream that they printed it to.
 */
export class BatchProgress {
  readonly #terminal: Terminal;
  readonly #options: BatchProgressOptions;
  readonly #colors: ReturnType<typeof colorsFor>;
  readonly #tally = new Tally();
  readonly #news = new News();
  readonly #pace = new LogPace();
  readonly #area: LiveArea | null;
  #printer: TaskPrinter | null = null;
  /** The last of those that are shown in the live area. */
  #troubles: readonly string[] = [];
  #troubleCount = 0;

  constructor(terminal: Terminal, options: BatchProgressOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#colors = colorsFor(terminal.stderr, terminal.env);
    const compose = (columns: number, rows: number) => this.#compose(columns, rows);
    const isLive = !options.quiet && canRewrite(terminal);
    this.#area = isLive ? new LiveArea(terminal.stderr, compose) : null;
  }

  /** For output of a task a promise asks to wait before the next event; throws once its reader has gone away. */
  show(event: BatchEvent): void | Promise<void> {
    if (event.kind === 'task-output') return this.#print(event);
    const nowMs = performance.now();
    this.#tally.add(event, nowMs);
    const standing = this.#tally.standing(nowMs);
    const line = this.#news.of(event, standing.running);
    if (line) this.#tell(line);
    if (this.#options.quiet) return undefined;
    if (event.kind === 'batch-ended') this.#conclude(event.summary);
    else if (this.#area) this.#area.refresh();
    else if (event.kind === 'task-ended' && this.#pace.isDue(standing, nowMs)) {
      this.#say(standingLine(standing));
    }
    return undefined;
  }

  /** Takes away what would be drawn again; also where the batch came to no end. */
  close(): void {
    this.#area?.close();
  }

  /** On a terminal the latest troubles stand in the live area, and are told once more at the end. */
  #tell({ kind, text }: NewsLine): void {
    if (kind === 'trouble' && this.#area) {
      this.#troubleCount += 1;
      this.#troubles = [...this.#troubles.slice(1 - mostAtEnd), text];
    } else if (kind === 'trouble') this.#say(text, this.#colors.red('sandbox:'));
    else if (this.#options.quiet || (kind === 'image' && this.#area)) return;
    else if (kind === 'warning') this.#say(text, this.#colors.yellow('sandbox: warning:'));
    else this.#say(text);
  }

  #conclude(summary: BatchSummary): void {
    this.close();
    const earlier = this.#troubleCount - this.#troubles.length;
    if (earlier > 0) this.#say(`${countText(earlier)} more before these:`);
    for (const text of this.#troubles) this.#say(text, this.#colors.red('sandbox:'));
    this.#say(endText(summary));
  }

  /** One line of our own; the text is fit to print. */
  #say(text: string, prefix = 'sandbox:'): void {
    this.#area?.clear();
    this.#endLine();
    writeLine(this.#terminal, `${prefix} ${text}`);
  }

  #print(chunk: TaskChunk): void | Promise<void> {
    this.#printer ??= new TaskPrinter(this.#terminal, this.#options);
    const { isTTY } = this.#terminal[chunk.stream] as { isTTY?: boolean };
    if (isTTY === true) this.#area?.clear();
    return this.#printer.print(chunk);
  }

  /** What a task printed last may have left the cursor in the middle of a line. */
  #endLine(): void {
    if (!this.#printer?.isInLine) return;
    this.#terminal.stderr.write('\n');
    this.#printer.endLine();
  }

  /** The lines of the live area. */
  #compose(columns: number, rows: number): readonly string[] {
    this.#endLine();
    const room = Math.max(0, Math.min(mostInArea, rows - 3));
    const latest = room === 0 ? [] : this.#troubles.slice(-room);
    const { dim, red } = this.#colors;
    const image = this.#news.image;
    const standing: Standing = this.#tally.standing(performance.now());
    return [
      ...latest.map((text) => cut(`✗ ${text}`, columns).replace('✗', (mark) => red(mark))),
      ...(image === null ? [] : [dim(cut(image, columns))]),
      barLine(standing, columns, this.#colors),
    ];
  }
}
