import { readdirSync } from 'node:fs';
import { fsPath, printableBytes } from '../engine/byte-name.ts';
import { TimeSlice } from '../engine/time-slice.ts';
import { errnoOf, messageOf } from '../failure.ts';
import type { WorkspaceReport } from '../receipt/receipt.ts';
import { type Trees, applyChange } from './apply-change.ts';
import { type ApplyPlan, omissionsOf, planOf } from './apply-plan.ts';
import type { Change } from './change.ts';
import { listOf } from './findings.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import { factsAt } from './original-tree.ts';
import { shortPathOf } from './place-path.ts';
import type { Place } from './walk.ts';

type Applied = NonNullable<WorkspaceReport['applied']>;

export interface ApplyResult {
  /** Null where nothing was brought back. */
  readonly applied: Applied | null;
  /** Why not all of it was; null where all was. */
  readonly problem: string | null;
}

interface ApplyJob extends Trees {
  /** What the task did to the copy, parents before children. */
  readonly changes: readonly Change[];
  readonly rules: IgnoreRules | null;
}

/** Brings the changes in a copy back to the original: all of them, or none where the original has changed too. */
export async function applyChanges(job: ApplyJob): Promise<ApplyResult> {
  const slice = new TimeSlice();
  const omissions = omissionsOf(job.changes, job.rules);
  const plan = planOf(job.changes, omissions.changes);
  const conflicts = await conflictsOf(plan, job, slice);
  if (conflicts.count > 0) {
    const problem = `nothing was brought back, since the original has changed meanwhile: ${listOf(conflicts)}`;
    return { applied: null, problem };
  }
  const counts = { added: 0, changed: 0, removed: 0 };
  for (const change of plan.steps) {
    if (slice.isOver) await slice.rest();
    try {
      refuseConflict(change, plan, job);
      await applyChange(change, job);
      counts[change.what] += 1;
    } catch (error) {
      const isOccupied = ['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '');
      if (isOccupied && change.what === 'removed') {
        omissions.add('it still holds files that the copy did not have', change.place);
        continue;
      }
      const done = counts.added + counts.changed + counts.removed;
      const path = printableBytes(shortPathOf(change.place));
      const problem = `${done} of ${plan.steps.length} changes were brought back, then ${path} failed: ${reasonOf(error)}`;
      return { applied: { ...counts, skipped: omissions.sentences() }, problem };
    }
  }
  return { applied: { ...counts, skipped: omissions.sentences() }, problem: null };
}

const mostConflictsNamed = 5;

async function conflictsOf(plan: ApplyPlan, { original }: Trees, slice: TimeSlice) {
  const removedIn = new Map<Place, number>();
  for (const { what, place } of plan.steps) {
    if (what !== 'removed' || !place.parent) continue;
    removedIn.set(place.parent, (removedIn.get(place.parent) ?? 0) + 1);
  }
  const conflicts = { examples: [] as string[], count: 0 };
  for (const change of plan.steps) {
    if (slice.isOver) await slice.rest();
    const { place } = change;
    if (place.parent && plan.newDirectories.has(place.parent)) continue;
    const holds = plan.replaced.has(place) ? (removedIn.get(place) ?? 0) : null;
    if (original.isAsCopied(change) && (holds === null || holdsOnly(holds, place, original))) {
      continue;
    }
    conflicts.count += 1;
    if (conflicts.examples.length < mostConflictsNamed) {
      conflicts.examples.push(printableBytes(shortPathOf(place)));
    }
  }
  return conflicts;
}

/** A directory that becomes something else must not hold what the copy never had. */
function holdsOnly(count: number, place: Place, original: Trees['original']): boolean {
  try {
    const directory = fsPath(original.goTo(place).here());
    return readdirSync(directory, 'buffer').length === count;
  } catch {
    return false;
  }
}

/** Again, right before it is done: the first look at all of them may be a while ago. */
function refuseConflict(change: Change, plan: ApplyPlan, { original }: Trees): void {
  const { place } = change;
  if (!place.parent) return;
  const isNew = plan.newDirectories.has(place.parent);
  const isFree = isNew
    ? factsAt(original.goTo(place.parent), place) === null
    : original.isAsCopied(change, { ctime: false });
  if (!isFree) throw new Error('the original has changed meanwhile');
}

function reasonOf(error: unknown): string {
  const isFull = ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');
  return isFull ? 'the disk is full' : messageOf(error);
}
