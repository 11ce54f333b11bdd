import { join } from 'node:path';
import { DirectoryChain } from '../engine/directory-chain.ts';
import { TimeSlice } from '../engine/time-slice.ts';
import { SandboxFailure, errnoOf, messageOf } from '../failure.ts';
import { readPlantableFile } from '../spec/regular-file.ts';
import { CopyPlace } from './copy-place.ts';
import { TreeCopier } from './copy-tree.ts';
import type { Findings } from './findings.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { ScanBudget } from './scan-budget.ts';
import { type Snapshot, SnapshotRecorder } from './snapshot.ts';
import { survey } from './survey.ts';

/** The copy that a task runs on, and what it was made of. */
export interface WorkspaceCopy {
  readonly place: CopyPlace;
  readonly rules: IgnoreRules | null;
  readonly original: Snapshot | null;
}

interface CopyRequest {
  readonly workspace: string;
  readonly receiptPath: string;
  readonly findings: Findings;
  /** How many are remembered, to know later whether they changed. */
  readonly mostFiles: number;
  readonly cancel: AbortSignal;
  /** Told where the copy will be, before it is complete. */
  readonly onPlace: (path: string) => void;
}

/** Rejects with `workspace-not-copied`, or with the reason of `cancel`; nothing is left then. */
export async function copyWorkspace(request: CopyRequest): Promise<WorkspaceCopy> {
  let place: CopyPlace | null = null;
  try {
    const rules = await readRules(request.workspace);
    place = await CopyPlace.make(request.receiptPath);
    request.onPlace(place.path);
    return { place, rules, original: await fill(place, rules, request) };
  } catch (error) {
    await place?.remove();
    throw request.cancel.aborted ? error : notCopied(error, request);
  }
}

async function fill(
  place: CopyPlace,
  rules: IgnoreRules | null,
  { workspace, findings, cancel, mostFiles }: CopyRequest,
): Promise<Snapshot | null> {
  // Copying takes as long as it takes: only what is kept in memory has a limit.
  const limits = { files: mostFiles, ms: Infinity };
  const recorder = new SnapshotRecorder(new ScanBudget('before', limits, findings));
  const target = DirectoryChain.open(place.path);
  try {
    const copier = new TreeCopier({ target, rules, findings, cancel });
    const slice = new TimeSlice(cancel);
    const chain = DirectoryChain.open(workspace);
    await survey({ chain, slice, observers: [recorder, copier], insist: false });
  } finally {
    target.close();
  }
  return recorder.root;
}

async function readRules(workspace: string): Promise<IgnoreRules | null> {
  const path = join(workspace, '.dockerignore');
  try {
    return IgnoreRules.parse(await readPlantableFile(path));
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    const reason = errnoOf(cause) === 'ELOOP' ? 'it is a symlink' : messageOf(cause);
    const message = `cannot use ${path}: ${reason}`;
    const hint = 'Mend or remove it, or use --workspace-mode rw.';
    throw new SandboxFailure('workspace-not-copied', message, { hint, cause });
  }
}

function notCopied(cause: unknown, { workspace, receiptPath }: CopyRequest): SandboxFailure {
  if (cause instanceof SandboxFailure) return cause;
  const isFull = ['ENOSPC', 'EDQUOT'].includes(errnoOf(cause) ?? '');
  const reason = isFull ? 'the disk is full' : messageOf(cause);
  return new SandboxFailure('workspace-not-copied', `cannot copy ${workspace}: ${reason}`, {
    hint: `The copy is made beside the receipt ${receiptPath}: choose another disk with --receipt, leave files out by .dockerignore, or use --workspace-mode rw.`,
    cause,
  });
}
