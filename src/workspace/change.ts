import { readlinkSync } from 'node:fs';
import { type ByteName, textOfBytes } from '../engine/byte-name.ts';
import type { DirectoryChain } from '../engine/directory-chain.ts';
import type { WorkspaceChange, WorkspaceReport } from '../receipt/receipt.ts';
import type { Digester } from './digest.ts';
import type { Facts } from './facts.ts';
import type { Findings } from './findings.ts';
import { ListBudget, namedPath } from './listing.ts';
import type { Place } from './walk.ts';

/** One difference between a tree before and after. */
export type Change =
  | { readonly what: 'added'; readonly place: Place; readonly now: Facts; readonly was: null }
  | { readonly what: 'changed'; readonly place: Place; readonly now: Facts; readonly was: Facts }
  | { readonly what: 'removed'; readonly place: Place; readonly now: null; readonly was: Facts };

type Manifest = NonNullable<WorkspaceReport['changes']>;

/** The changes as the receipt lists them: with what can only be had by opening a file, and with an end. */
export class ChangeList {
  readonly #listed: { what: Change['what']; bytes: ByteName; entry: WorkspaceChange }[] = [];
  readonly #budget: ListBudget;
  readonly #digester: Digester;
  readonly #findings: Findings;
  #omitted = 0;

  constructor(limits: { entries: number; digester: Digester; findings: Findings }) {
    this.#budget = new ListBudget(limits.entries);
    this.#digester = limits.digester;
    this.#findings = limits.findings;
  }

  /** To be told of a change while the chain is where the file lies; answers how long opening it took. */
  async add(change: Change, chain: DirectoryChain): Promise<number> {
    const bytes = this.#budget.take(change.place);
    if (bytes === null) {
      this.#omitted += 1;
      return 0;
    }
    const startedMs = performance.now();
    const details = change.now ? await this.#details(change, bytes, chain) : noDetails;
    const { kind, mode, size } = change.now ?? change.was;
    const entry = {
      ...namedPath(bytes),
      kind,
      size: kind === 'file' || kind === 'symlink' ? size : null,
      mode: mode.toString(8).padStart(4, '0'),
      ...details,
    };
    this.#listed.push({ what: change.what, bytes, entry });
    return performance.now() - startedMs;
  }

  /** To be called once, at the end. */
  manifest(): Manifest {
    if (this.#omitted > 0) {
      this.#findings.add('detail', `${this.#omitted} more changes are not listed`);
    }
    const list = (what: Change['what']) =>
      this.#listed
        .filter((listed) => listed.what === what)
        .sort((a, b) => (a.bytes < b.bytes ? -1 : 1))
        .map(({ entry }) => entry);
    return {
      added: list('added'),
      changed: list('changed'),
      removed: list('removed'),
      complete: !this.#findings.has('scan', 'detail'),
      limitsReached: this.#findings.sentences(),
    };
  }

  async #details({ now, place }: Change & { now: Facts }, path: ByteName, chain: DirectoryChain) {
    if (now.kind === 'symlink') {
      return { sha256: null, linkTarget: this.#linkTarget(chain.at(place.name), path) };
    }
    if (now.kind !== 'file') return noDetails;
    const result = await this.#digester.digest(chain.at(place.name), now);
    if ('sha256' in result) return { sha256: result.sha256, linkTarget: null };
    this.#findings.add('detail', result.reason, path);
    return noDetails;
  }

  #linkTarget(at: string | Buffer, path: ByteName): string | null {
    try {
      const target = textOfBytes(readlinkSync(at, 'latin1'));
      if (target === null) this.#findings.add('detail', 'link targets that are not UTF-8', path);
      return target;
    } catch {
      this.#findings.add('detail', 'symlinks could not be read', path);
      return null;
    }
  }
}

const noDetails = { sha256: null, linkTarget: null };
