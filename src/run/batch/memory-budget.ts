interface Waiting {
  readonly bytes: number;
  readonly admit: () => void;
}

/** Admits tasks in their order as long as their memory limits fit together; one that never would runs alone. */
export class MemoryBudget {
  readonly #totalBytes: number | null;
  #takenBytes = 0;
  #running = 0;
  readonly #queue: Waiting[] = [];

  /** Null where nobody knows how much there is: then everything is admitted. */
  constructor(totalBytes: number | null) {
    this.#totalBytes = totalBytes;
  }

  /** Resolves, once there is room, to what gives it back. */
  async take(bytes: number): Promise<() => void> {
    await new Promise<void>((admit) => {
      this.#queue.push({ bytes, admit });
      this.#admitNext();
    });
    return () => {
      this.#takenBytes -= bytes;
      this.#running -= 1;
      this.#admitNext();
    };
  }

  #admitNext(): void {
    for (let [next] = this.#queue; next && this.#fits(next); [next] = this.#queue) {
      this.#queue.shift();
      this.#takenBytes += next.bytes;
      this.#running += 1;
      next.admit();
    }
  }

  #fits({ bytes }: Waiting): boolean {
    if (this.#totalBytes === null || this.#running === 0) return true;
    return this.#takenBytes + bytes <= this.#totalBytes;
  }
}
