import { type BigIntStats, closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { type ByteName, fsPath, printableBytes } from '../engine/byte-name.ts';
import type { DirectoryChain } from '../engine/directory-chain.ts';
import { SandboxFailure, errnoOf, messageOf } from '../failure.ts';
import {
  type Attributes,
  attributesOf,
  copyRegularFile,
  copySymlink,
  keepsOwners,
  setAttributes,
} from './copy-file.ts';
import { kindOf } from './facts.ts';
import type { Findings } from './findings.ts';
import type { IgnoreRules, Matched } from './ignore-rules.ts';
import { shortPathOf } from './place-path.ts';
import type { Observer } from './survey.ts';
import type { Entry, Place, Step, Unseen } from './walk.ts';

interface Level {
  readonly name: ByteName;
  readonly stats: BigIntStats;
  readonly path: string;
  readonly matched: Matched | null;
  /** A directory that is ignored is only made when something in it is not. */
  isMade: boolean;
}

type Below = Pick<Level, 'name' | 'path' | 'matched'> & { readonly isWanted: boolean };

interface CopyParts {
  readonly target: DirectoryChain;
  readonly rules: IgnoreRules | null;
  readonly findings: Findings;
  readonly cancel: AbortSignal;
}

/** Copies what a walk sees. Rejects with a `workspace-not-copied` failure: half a workspace is none. */
export class TreeCopier implements Observer {
  readonly #parts: CopyParts;
  readonly #levels: Level[] = [];
  #below: Below = { name: '', path: '', matched: null, isWanted: true };

  constructor(parts: CopyParts) {
    this.#parts = parts;
  }

  enter({ stats }: Step & { kind: 'enter' }): void {
    const { isWanted, ...level } = this.#below;
    this.#levels.push({ ...level, stats, isMade: this.#levels.length === 0 });
    if (isWanted) this.#makeMissing();
  }

  async entry(step: Entry, chain: DirectoryChain): Promise<void> {
    const { place, stats } = step;
    const { isIgnored, ...below } = this.#judge(place);
    if (stats.isDirectory()) {
      this.#below = { ...below, name: place.name, isWanted: !isIgnored };
      if (isIgnored) step.descend = this.#parts.rules?.mayKeepBelow(below.path) ?? false;
    } else if (!isIgnored) {
      this.#makeMissing();
      try {
        await this.#copy(step, chain);
      } catch (error) {
        this.#refuse(place, error);
      }
    }
  }

  leave(): void {
    const level = this.#levels.pop();
    if (!level?.isMade) return;
    const { target } = this.#parts;
    const fd = openSync(fsPath(`${target.here()}/.`), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      setAttributes(fd, attributesOf(level.stats));
    } finally {
      closeSync(fd);
    }
    if (this.#levels.length > 0) target.leave();
  }

  unseen({ place, cause }: Unseen): void {
    this.#refuse(place, cause);
  }

  /** What has gone since its directory was read need not be copied. */
  #refuse(place: Place, cause: unknown): void {
    const code = errnoOf(cause) ?? '';
    if (code === 'ENOENT') return;
    // These are not about the file.
    if (this.#parts.cancel.aborted || ['ENOSPC', 'EDQUOT', 'EROFS'].includes(code)) throw cause;
    const path = printableBytes(shortPathOf(place)) || 'the workspace';
    const reason = code === 'EACCES' ? 'permission denied' : messageOf(cause);
    throw new SandboxFailure('workspace-not-copied', `cannot copy ${path}: ${reason}`, {
      hint: 'Make it readable, leave it out by a line in .dockerignore, or use --workspace-mode rw.',
      cause,
    });
  }

  #judge(place: Place): { isIgnored: boolean; path: string; matched: Matched | null } {
    const { rules } = this.#parts;
    if (!rules) return { isIgnored: false, path: '', matched: null };
    const parent = this.#levels.at(-1);
    const name = Buffer.from(place.name, 'latin1').toString('utf8');
    const path = parent?.path ? `${parent.path}/${name}` : name;
    return { ...rules.verdict(path, parent?.matched ?? null), path };
  }

  async #copy({ place, stats }: Entry, chain: DirectoryChain): Promise<void> {
    const { target, cancel, findings } = this.#parts;
    const [from, to] = [chain.at(place.name), target.at(place.name)];
    if (stats.isSymbolicLink()) copySymlink(from, to, attributesOf(stats));
    else if (stats.isFile()) {
      const { hasHandles } = chain;
      const attributes = ownAttributes(stats);
      await copyRegularFile({ from, to, attributes, hasHandles, cancel });
    } else {
      const sentence = `not in the copy, since it is a ${kindOf(stats)}`;
      findings.add('remark', sentence, shortPathOf(place));
    }
  }

  #makeMissing(): void {
    for (const level of this.#levels) {
      if (level.isMade) continue;
      level.isMade = true;
      this.#make(level);
    }
  }

  #make({ name }: Level): void {
    const { target } = this.#parts;
    mkdirSync(target.at(name), 0o700);
    target.enter(name);
  }
}

/** As `cp -p` does: where a file gets another owner, its privileges do not come along. */
function ownAttributes(stats: BigIntStats): Attributes {
  const attributes = attributesOf(stats);
  return keepsOwners() ? attributes : { ...attributes, mode: attributes.mode & 0o1777 };
}
