import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { fsPath } from '../engine/byte-name.ts';
import type { DirectoryChain } from '../engine/directory-chain.ts';
import type { Change } from './change.ts';
import { copyRegularFile, copySymlink, setAttributes } from './copy-file.ts';
import type { Facts } from './facts.ts';
import type { OriginalTree } from './original-tree.ts';
import type { TreeCursor } from './tree-cursor.ts';
import type { Place } from './walk.ts';
import { randomName } from '../spec/random-name.ts';

/** Where changes come from and where they go. */
export interface Trees {
  readonly copy: TreeCursor;
  readonly original: OriginalTree;
}

/** Brings back one change. Rejects with a system error; ENOTEMPTY where a directory cannot go yet. */
export async function applyChange(change: Change, trees: Trees): Promise<void> {
  const { place, now, was } = change;
  if (!place.parent) return;
  const chain = trees.original.goTo(place.parent);
  if (now?.kind === 'directory') {
    if (was && was.kind !== 'directory') remove(chain, place, was);
    applyDirectory(place, now, { original: trees.original, isNew: was?.kind !== 'directory' });
    return;
  }
  // A file or symlink takes the place of another one in one step.
  if (was && (now === null || was.kind === 'directory')) remove(chain, place, was);
  if (now) await applyFile(place, now, trees);
}

function remove(chain: DirectoryChain, { name }: Place, { kind }: Facts): void {
  const path = chain.at(name);
  chain.change(() => (kind === 'directory' ? rmdirSync(path) : unlinkSync(path)));
}

function applyDirectory(
  place: Place,
  now: Facts,
  { original, isNew }: { original: OriginalTree; isNew: boolean },
): void {
  if (place.parent && isNew) {
    const parent = original.goTo(place.parent);
    parent.change(() => mkdirSync(parent.at(place.name), 0o700));
  }
  const chain = original.goTo(place);
  const fd = openSync(fsPath(`${chain.here()}/.`), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    // The setgid bit of a directory comes from its parent, not from the task.
    const inherited = fstatSync(fd).mode & 0o2000;
    const mode = (now.mode & 0o1777) | inherited;
    setAttributes(fd, { ...now, mode });
    // Changes in it are still to come, whatever it denies.
    chain.setMode(mode);
  } finally {
    closeSync(fd);
  }
}

/** Under a name of its own first, so that nobody sees a part of it and a full disk loses nothing. */
async function applyFile(place: Place, now: Facts, { copy, original }: Trees): Promise<void> {
  if (!place.parent) return;
  copy.goTo(place.parent);
  const chain = original.goTo(place.parent);
  const [from, draft] = [copy.chain.at(place.name), chain.at(draftName())];
  try {
    if (now.kind === 'symlink') chain.change(() => copySymlink(from, draft, now));
    else {
      chain.claim();
      const attributes = { ...now, mode: now.mode & 0o777 };
      const { hasHandles } = chain;
      const insist = true;
      await copyRegularFile({ from, to: draft, attributes, hasHandles, insist, cancel: null });
    }
    chain.change(() => renameSync(draft, chain.at(place.name)));
  } catch (error) {
    removeDraft(draft);
    throw error;
  }
}

function draftName(): string {
  return `.sandbox-${randomName(6)}.tmp`;
}

function removeDraft(draft: string | Buffer): void {
  try {
    unlinkSync(draft);
  } catch {
    // It was not made, or has its name already.
  }
}
