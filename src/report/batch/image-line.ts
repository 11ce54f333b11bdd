import type { ImageProgress, MakingImage } from '../../engine/engine.ts';
import { liveText, plainText } from '../progress-text.ts';

/** How the images of a batch are made: many tasks may wait for the same one. */
export class ImageLine {
  readonly #makings = new Map<
    number,
    { readonly making: MakingImage; readonly startedMs: number }
  >();
  #latest: { readonly index: number; readonly text: string } | null = null;

  /** For a log: null where it is not worth a line. */
  add(index: number, progress: ImageProgress): string | null {
    const nowMs = performance.now();
    if (progress.kind === 'begin') this.#makings.set(index, { making: progress, startedMs: nowMs });
    const found = this.#makings.get(index);
    this.#latest = { index, text: liveText(progress, found?.making ?? null) };
    if (progress.kind === 'end') this.forget(index);
    return plainText(progress, nowMs - (found?.startedMs ?? nowMs));
  }

  /** The task has gone on, or is over. */
  forget(index: number): void {
    this.#makings.delete(index);
    if (this.#latest?.index === index) this.#latest = null;
  }

  /** For a line that is rewritten; null while none is made. */
  get text(): string | null {
    return this.#latest?.text ?? null;
  }
}
