import type { ImageProgress, MakingImage } from '../engine/engine.ts';
import { cut } from './columns.ts';
import { elapsedText, liveText, plainText } from './progress-text.ts';
import { type Terminal, colorsFor, writeLine } from './terminal.ts';

const refreshMs = 1000;
const clearLine = '\r\u001b[2K';

/**
 * Shows on stderr how the making of an image goes on: one line that is rewritten on a terminal, lines of a log
 * elsewhere. Whoever writes anything else takes the line away first.
 */
export class ProgressReport {
  readonly #terminal: Terminal;
  readonly #mode: 'silent' | 'live' | 'plain';
  #making: MakingImage | null = null;
  #latest: ImageProgress | null = null;
  #startedMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isShown = false;

  constructor(terminal: Terminal, { quiet }: { readonly quiet: boolean }) {
    this.#terminal = terminal;
    this.#mode = quiet ? 'silent' : canRewrite(terminal) ? 'live' : 'plain';
  }

  show(progress: ImageProgress): void {
    this.#startedMs ??= performance.now();
    if (progress.kind === 'begin') {
      this.#making = progress;
      // Without the waiting for somebody else's build.
      this.#startedMs = performance.now();
    }
    if (this.#mode === 'plain') this.#writePlain(progress);
    if (this.#mode === 'live') this.#rewrite(progress);
    if (progress.kind === 'end') this.close();
  }

  /** Takes the line away; the next that is told brings it back. */
  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#terminal.stderr.write(clearLine);
  }

  /** After it nothing is shown until something new is told. */
  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.clear();
    this.#making = null;
    this.#latest = null;
    this.#startedMs = null;
  }

  #writePlain(progress: ImageProgress): void {
    const text = plainText(progress, this.#elapsedMs);
    if (text !== null) writeLine(this.#terminal, `sandbox: ${text}`);
  }

  #rewrite(progress: ImageProgress): void {
    this.#latest = progress;
    this.#timer ??= setInterval(() => this.#draw(), refreshMs).unref();
    this.#draw();
  }

  #draw(): void {
    if (!this.#latest) return;
    const { stderr, env } = this.#terminal;
    const end = ` · ${elapsedText(this.#elapsedMs)}`;
    const room = Math.max(0, (stderr.columns || 80) - 1 - end.length);
    const text = cut(`sandbox: ${liveText(this.#latest, this.#making)}`, room) + end;
    this.#isShown = true;
    stderr.write(clearLine + colorsFor(stderr, env).dim(text));
  }

  get #elapsedMs(): number {
    return performance.now() - (this.#startedMs ?? performance.now());
  }
}

/** A log of CI keeps every state of a line that is rewritten. */
export function canRewrite({ stderr, env }: Terminal): boolean {
  const { isTTY } = stderr as { isTTY?: boolean };
  return isTTY === true && env.TERM !== 'dumb' && !env.CI;
}
