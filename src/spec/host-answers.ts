/** What was found on the host, kept for as long as this lives: thousands of tasks then look once. */
export class HostAnswers {
  readonly #found = new Map<string, Promise<unknown>>();

  /** What the first `look` for this key resolved to or rejected with; one key goes with one kind of answer. */
  async once<T>(key: readonly unknown[], look: () => Promise<T>): Promise<T> {
    const name = JSON.stringify(key);
    const found = this.#found.get(name) ?? look();
    this.#found.set(name, found);
    return (await found) as T;
  }
}

/** Looks at the host, unless the caller keeps answers and has this one. */
export async function lookOnce<T>(
  { answers }: { readonly answers?: HostAnswers },
  key: readonly unknown[],
  look: () => Promise<T>,
): Promise<T> {
  return await (answers ? answers.once(key, look) : look());
}
