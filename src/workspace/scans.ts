import { DirectoryChain } from '../engine/directory-chain.ts';
import { TimeSlice } from '../engine/time-slice.ts';
import { messageOf } from '../failure.ts';
import { type Change, ChangeList } from './change.ts';
import { Comparer } from './compare.ts';
import { Defuser } from './defuse.ts';
import { Digester } from './digest.ts';
import { DiskUse } from './disk-use.ts';
import type { Findings } from './findings.ts';
import type { WorkspaceLimits } from './limits.ts';
import type { ListBudget } from './listing.ts';
import { ScanBudget } from './scan-budget.ts';
import { type Snapshot, SnapshotRecorder } from './snapshot.ts';
import type { Suspects } from './suspects.ts';
import { type Observer, survey } from './survey.ts';
import { UnseenNotes } from './unseen-notes.ts';
import type { WritableRoot } from './writable-roots.ts';

/** What is wanted of the scans of a workspace. */
export interface ScanPlan {
  /** The receipt lists the changes. */
  readonly isListed: boolean;
  /** Changes have to be known, listed or not. */
  readonly isCompared: boolean;
  /** As the receipt names it, whatever the task is shown. */
  readonly workspace: string;
  /** The task can write to it. */
  readonly isWritable: boolean;
  readonly isForeign: boolean;
  /** Nobody else can write to it. */
  readonly isPrivate: boolean;
}

export interface BeforeTask {
  readonly snapshot: Snapshot | null;
  readonly use: DiskUse;
  /** Which directory it was. */
  readonly id: string;
}

interface ScanParts {
  readonly plan: ScanPlan;
  readonly limits: WorkspaceLimits;
  readonly findings: Findings;
  readonly suspects: Suspects;
  readonly cancel: AbortSignal | null;
}

/** Null where the workspace cannot be looked at. */
export async function scanBefore(path: string, parts: ScanParts): Promise<BeforeTask | null> {
  const { plan, findings, suspects } = parts;
  const budget = new ScanBudget('before', parts.limits.scan, findings);
  const recorder = plan.isCompared ? new SnapshotRecorder(budget) : null;
  const use = new DiskUse();
  const notes = new UnseenNotes(findings, 'before', 'scan');
  const writable = plan.isWritable ? [suspects, use] : [];
  try {
    const chain = DirectoryChain.open(path);
    const { id } = chain;
    await survey({
      chain,
      slice: new TimeSlice(parts.cancel),
      observers: present([recorder, notes, ...writable]),
      insist: false,
      isEnough: () => !plan.isWritable && budget.isSpent,
    });
    return { snapshot: recorder?.root ?? null, use, id };
  } catch (error) {
    parts.cancel?.throwIfAborted();
    findings.add('scan', `the workspace could not be read before the task: ${messageOf(error)}`);
    return null;
  }
}

export interface AfterTask {
  /** Parents before children. */
  readonly changes: readonly Change[];
  readonly list: ChangeList | null;
  readonly use: DiskUse;
  readonly defuser: Defuser | null;
}

interface AfterParts extends ScanParts {
  readonly before: BeforeTask | null;
  readonly list: ListBudget;
  /** When the first of the runs began that overlap with this one. */
  readonly sinceNs: bigint;
}

/** Rejects with a system error where the workspace cannot be looked at, or is not the one it was. */
export async function scanAfter(path: string, parts: AfterParts): Promise<AfterTask> {
  const { plan, limits, findings, suspects, before } = parts;
  const slice = new TimeSlice();
  const chain = DirectoryChain.open(path, { insist: plan.isWritable });
  if (before && chain.id !== before.id) {
    chain.close();
    throw new Error('it is not the directory that it was before');
  }
  const sinceNs = plan.isPrivate ? null : parts.sinceNs;
  const root = { path: plan.workspace, suspects, isForeign: plan.isForeign, sinceNs };
  const defuser = plan.isWritable ? new Defuser(root, parts.list) : null;
  const budget = new ScanBudget('after', limits.scan, findings);
  const digester = new Digester(limits.digest, slice);
  const list = plan.isListed
    ? new ChangeList({ entries: limits.listed, digester, findings })
    : null;
  const modeLeft = (stats: Parameters<Defuser['modeLeft']>[0]) =>
    defuser?.modeLeft(stats) ?? Number(stats.mode) & 0o7777;
  const comparer = plan.isCompared
    ? new Comparer({ before: before?.snapshot ?? null, budget, list, modeLeft })
    : null;
  const use = new DiskUse();
  const notes = new UnseenNotes(findings, 'after', 'scan');
  // What is compared must be looked at before it is made harmless.
  const observers = present([comparer, notes, use, defuser]);
  const isEnough = () => !plan.isWritable && budget.isSpent;
  await survey({ chain, slice, observers, insist: plan.isWritable, isEnough });
  return { changes: comparer?.changes ?? [], list, use, defuser };
}

/**
 * Only for what is suspicious: the changes in a mount are nobody's concern but the caller's. False where it
 * cannot be looked at.
 */
export async function scanRootBefore(root: WritableRoot, parts: ScanParts): Promise<boolean> {
  const notes = new UnseenNotes(parts.findings, `in ${root.path} before`, 'remark');
  try {
    await survey({
      chain: DirectoryChain.open(root.directory),
      slice: new TimeSlice(parts.cancel),
      observers: [parts.suspects, notes],
      insist: false,
      ...only(root),
    });
    return true;
  } catch (error) {
    parts.cancel?.throwIfAborted();
    parts.findings.add('remark', `${root.path} could not be read: ${messageOf(error)}`);
    return false;
  }
}

/** Rejects with a system error where it cannot be looked at. */
export async function scanRootAfter(
  root: WritableRoot,
  parts: Omit<AfterParts, 'before'>,
): Promise<Defuser> {
  const { plan, findings, suspects, list, sinceNs } = parts;
  const { path } = root;
  const isSingle = root.only !== undefined;
  const defuser = new Defuser({ path, suspects, isForeign: plan.isForeign, sinceNs }, list);
  await survey({
    chain: DirectoryChain.open(root.directory, { insist: !isSingle }),
    slice: new TimeSlice(),
    observers: [new UnseenNotes(findings, `in ${path} after`, 'remark'), defuser],
    insist: !isSingle,
    ...only(root),
  });
  return defuser;
}

function only({ only }: WritableRoot): { only?: string } {
  return only === undefined ? {} : { only };
}

function present(observers: readonly (Observer | null)[]): Observer[] {
  return observers.filter((observer) => observer !== null);
}
