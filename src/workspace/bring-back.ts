import { DirectoryChain } from '../engine/directory-chain.ts';
import { SandboxFailure, messageOf } from '../failure.ts';
import type { WorkspaceReport } from '../receipt/receipt.ts';
import { type ApplyResult, applyChanges } from './apply-changes.ts';
import { OriginalTree } from './original-tree.ts';
import type { Snapshot } from './snapshot.ts';
import { TreeCursor } from './tree-cursor.ts';
import type { WorkspaceCopy } from './workspace-copy.ts';
import type { Look } from './workspace-look.ts';

interface BringBack {
  readonly apply: boolean;
  readonly copy: WorkspaceCopy;
  readonly look: Look;
  readonly workspace: string;
}

export interface CopyEnd extends Pick<WorkspaceReport, 'applied' | 'copyKeptAt'> {
  readonly failure: SandboxFailure | null;
}

/** Applies what the task did to the copy, where that is wanted; the copy is kept only where it could not be. */
export async function bringBack(job: BringBack): Promise<CopyEnd> {
  const { apply, copy } = job;
  const { applied, problem } = apply ? await attempt(job) : { applied: null, problem: null };
  if (problem !== null) return await keep(copy, { applied, problem });
  try {
    await copy.place.remove();
    return { applied, copyKeptAt: null, failure: null };
  } catch (cause) {
    const message = `the copy of the workspace at ${copy.place.path} could not be removed: ${messageOf(cause)}`;
    const hint = 'Remove it as the owner of the files in it, or as root.';
    const failure = new SandboxFailure('workspace-unsafe', message, { hint, cause });
    return { applied, copyKeptAt: copy.place.path, failure };
  }
}

/** Never rejects. */
async function attempt(job: BringBack): Promise<ApplyResult> {
  const { copy, look } = job;
  if (look.gaps !== null || !copy.original) {
    const problem = `nothing was brought back, since there may be more changes than are known: ${look.gaps ?? 'no scan'}`;
    return { applied: null, problem };
  }
  try {
    return await applyAll(job, copy.original);
  } catch (error) {
    return { applied: null, problem: `nothing was brought back: ${messageOf(error)}` };
  }
}

async function applyAll(
  { workspace, copy, look }: BringBack,
  before: Snapshot,
): Promise<ApplyResult> {
  const original = new OriginalTree(workspace, before);
  try {
    const chain = DirectoryChain.open(copy.place.path, { insist: true });
    try {
      const source = new TreeCursor(chain, { insist: true });
      return await applyChanges({
        copy: source,
        original,
        changes: look.allChanges,
        rules: copy.rules,
      });
    } finally {
      chain.close();
    }
  } finally {
    original.close();
  }
}

async function keep(
  copy: WorkspaceCopy,
  { applied, problem }: { applied: ApplyResult['applied']; problem: string },
): Promise<CopyEnd> {
  let copyKeptAt = copy.place.path;
  let warning = '';
  try {
    copyKeptAt = await copy.place.keep();
  } catch (error) {
    warning = ` It lies where the next run removes it, since it could not be moved: ${messageOf(error)}.`;
  }
  const hint = `The copy with the changes is kept at ${copyKeptAt}: compare it with the workspace, then remove it.${warning}`;
  const failure = new SandboxFailure('workspace-not-applied', problem, { hint });
  return { applied, copyKeptAt, failure };
}
