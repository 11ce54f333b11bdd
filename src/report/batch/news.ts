import { unreachable } from '../../failure.ts';
import type { BatchEvent } from '../../run/batch/batch-event.ts';
import type { RunEvent } from '../../run/event.ts';
import { printable } from '../terminal.ts';
import { ImageLine } from './image-line.ts';
import { retryText, stoppingText, troubleText } from './progress-lines.ts';
import { isTrouble } from './row-text.ts';

const mostRemembered = 1000;

/** One line that is fit to print. */
export interface NewsLine {
  readonly kind: 'trouble' | 'warning' | 'note' | 'image';
  readonly text: string;
}

/** What of a batch's events is worth a line of its own. */
export class News {
  readonly #images = new ImageLine();
  readonly #said = new Set<string>();

  /** `running`: how many tasks run. */
  of(event: BatchEvent, running: number): NewsLine | null {
    switch (event.kind) {
      case 'task-event':
        return this.#ofTask(event.task.index, event.event);
      case 'task-retried':
        return { kind: 'note', text: retryText(event) };
      case 'task-ended':
        this.#images.forget(event.task.index);
        return isTrouble(event.row) ? { kind: 'trouble', text: troubleText(event) } : null;
      case 'stopping':
        return { kind: 'note', text: stoppingText(event, running) };
      case 'batch-started':
      case 'task-started':
      case 'task-output':
      case 'batch-ended':
        return null;
      default:
        return unreachable(event);
    }
  }

  /** What is going on with images; null where nothing is. */
  get image(): string | null {
    return this.#images.text;
  }

  #ofTask(index: number, event: RunEvent): NewsLine | null {
    if (event.kind === 'warning') return this.#once('warning', printable(event.message));
    if (event.kind === 'image') {
      const text = this.#images.add(index, event.progress);
      return text === null ? null : this.#once('image', text);
    }
    this.#images.forget(index);
    return null;
  }

  /** A thousand tasks have the same warning a thousand times. */
  #once(kind: NewsLine['kind'], text: string): NewsLine | null {
    if (this.#said.has(text)) return null;
    if (this.#said.size >= mostRemembered) this.#said.clear();
    this.#said.add(text);
    return { kind, text };
  }
}
