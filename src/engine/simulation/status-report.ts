import type { Readable } from 'node:stream';

/**
 * What is said on the status descriptor, which the task does not have: words of the shell that starts bubblewrap, then
 * bubblewrap's JSON objects, one a line. An exit code is only reported where the command was really executed, so its
 * absence is proof as well.
 */
export class StatusReport {
  readonly ended: Promise<void>;
  #text = '';
  #onNews: () => void = () => undefined;

  constructor(source: Readable) {
    source.setEncoding('utf8');
    source.on('data', (text: string) => {
      this.#text += text;
      this.#onNews();
    });
    this.ended = new Promise((resolve) => {
      // It may be broken off; what was said until then counts.
      source.on('error', () => resolve());
      source.on('close', () => resolve());
      source.on('end', () => resolve());
    });
  }

  /** The first of the words that is a line of its own; null where it ends without one. */
  async word<Word extends string>(...words: readonly Word[]): Promise<Word | null> {
    const find = () => words.find((word) => new RegExp(`^${word}\\n`, 'm').test(this.#text));
    return await new Promise((resolve) => {
      const look = () => {
        const found = find();
        if (found !== undefined) resolve(found);
      };
      this.#onNews = look;
      look();
      void this.ended.then(() => resolve(find() ?? null));
    });
  }

  /** The first process of the sandbox, by the host's count. */
  get initPid(): number | null {
    return this.#numberAfter('child-pid');
  }

  get exitCode(): number | null {
    return this.#numberAfter('exit-code');
  }

  #numberAfter(key: string): number | null {
    const value = new RegExp(`"${key}": (\\d+)[ ,}]`).exec(this.#text)?.[1];
    return value === undefined ? null : Number(value);
  }
}
