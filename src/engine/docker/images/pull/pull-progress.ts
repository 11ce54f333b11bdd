import type { EngineLine } from './pull-stream.ts';

interface Layer {
  doneBytes: number;
  totalBytes: number | null;
}

export interface LayerBytes {
  readonly doneBytes: number;
  readonly totalBytes: number | null;
}

/** Adds up what was downloaded of all layers. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>();

  /** The new sum; null where the line changes nothing. */
  take({ id, status, progressDetail }: EngineLine): LayerBytes | null {
    if (id === undefined) return null;
    if (status === 'Pulling fs layer') this.#layers.set(id, { doneBytes: 0, totalBytes: null });
    // A layer that is there already is not announced first.
    const layer = this.#layers.get(id);
    if (!layer) return null;
    if (status === 'Downloading') {
      layer.doneBytes = progressDetail?.current ?? layer.doneBytes;
      layer.totalBytes = positive(progressDetail?.total) ?? layer.totalBytes;
    } else if (isDownloaded(status)) {
      // A small one is done before its size was told.
      layer.totalBytes ??= layer.doneBytes;
      layer.doneBytes = layer.totalBytes;
    } else if (status !== 'Pulling fs layer') return null;
    return this.#sum();
  }

  #sum(): LayerBytes {
    const layers = [...this.#layers.values()];
    const sum = (bytes: readonly number[]) => bytes.reduce((total, part) => total + part, 0);
    const totals = layers.map(({ totalBytes }) => totalBytes).filter((total) => total !== null);
    return {
      doneBytes: sum(layers.map(({ doneBytes }) => doneBytes)),
      totalBytes: totals.length === layers.length ? sum(totals) : null,
    };
  }
}

function isDownloaded(status: string | undefined): boolean {
  return ['Download complete', 'Pull complete', 'Already exists'].includes(status ?? '');
}

function positive(bytes: number | undefined): number | null {
  return bytes !== undefined && bytes > 0 ? bytes : null;
}
