import type { DirectoryChain } from '../engine/directory-chain.ts';
import type { Place } from './walk.ts';

/** Moves a chain from place to place of one tree; cheap where they follow each other as in a walk. */
export class TreeCursor {
  readonly chain: DirectoryChain;
  readonly #insist: boolean;
  /** Every directory that was entered, with the first one. */
  readonly #path: Place[] = [];

  constructor(chain: DirectoryChain, { insist }: { insist: boolean }) {
    this.chain = chain;
    this.#insist = insist;
  }

  /** Throws a system error where a directory on the way is not there, or is no directory. */
  goTo(directory: Place): void {
    const missing: Place[] = [];
    let at = directory;
    for (; at.parent && at.depth > this.chain.depth; at = at.parent) missing.push(at);
    while (this.chain.depth > at.depth) this.#leave();
    while (at.parent && this.#path[at.depth - 1] !== at) {
      missing.push(at);
      at = at.parent;
      this.#leave();
    }
    for (const place of missing.reverse()) {
      this.chain.enter(place.name, { insist: this.#insist });
      this.#path.push(place);
    }
  }

  #leave(): void {
    this.#path.pop();
    if (this.chain.leave() > 1) throw new Error('it was moved meanwhile');
  }
}
