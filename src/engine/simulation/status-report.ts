import type { Readable } from 'node:stream';

/**
 * What bubblewrap says on its status descriptor, which the task does not have: JSON objects, one a line. An exit
 * code is only reported where the command was really executed, so its absence is proof as well.
 */
export class StatusReport {
  readonly ended: Promise<void>;
  #text = '';

  constructor(source: Readable) {
    source.setEncoding('utf8');
    source.on('data', (text: string) => {
      this.#text += text;
    });
    this.ended = new Promise((resolve) => {
      // It may be broken off; what was said until then counts.
      source.on('error', () => resolve());
      source.on('close', () => resolve());
      source.on('end', () => resolve());
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
