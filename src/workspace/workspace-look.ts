import { SandboxFailure, messageOf } from '../failure.ts';
import type { Defused, WorkspaceReport } from '../receipt/receipt.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { Change } from './change.ts';
import type { Defuser } from './defuse.ts';
import { printableBytes } from '../engine/byte-name.ts';
import { type Findings, listOf } from './findings.ts';
import type { WorkspaceLimits } from './limits.ts';
import { ListBudget } from './listing.ts';
import {
  type AfterTask,
  type BeforeTask,
  type ScanPlan,
  scanAfter,
  scanBefore,
  scanRootAfter,
  scanRootBefore,
} from './scans.ts';
import { Suspects } from './suspects.ts';
import { type WritableRoot, writableRoots } from './writable-roots.ts';

/** What was seen after the task, and whether everything it left is harmless. */
export interface Look {
  readonly changes: WorkspaceReport['changes'];
  readonly defused: WorkspaceReport['defused'];
  readonly growthBytes: number | null;
  /** Parents before children. */
  readonly allChanges: readonly Change[];
  /** Why there may be more changes than these; null where there are none. */
  readonly gaps: string | null;
  readonly failure: SandboxFailure | null;
}

interface Unsafe {
  readonly examples: string[];
  count: number;
}

/** Looks at everything that a task can write to, before and after. */
export class WorkspaceLook {
  readonly #findings: Findings;
  readonly #suspects = new Suspects();
  readonly #plan: ScanPlan;
  readonly #roots: readonly WritableRoot[];
  readonly #unreadable = new Set<WritableRoot>();
  readonly #defused: Defused[] = [];
  readonly #unsafe: Unsafe = { examples: [], count: 0 };
  readonly #limits: WorkspaceLimits;
  readonly #list: ListBudget;
  #unlisted = 0;
  #before: BeforeTask | null = null;
  #sinceNs = 0n;

  constructor(spec: TaskSpec, findings: Findings, limits: WorkspaceLimits) {
    this.#limits = limits;
    this.#list = new ListBudget(limits.listed);
    this.#findings = findings;
    this.#plan = planOf(spec);
    this.#roots = writableRoots(spec);
  }

  /** Disk use before the task; null where it was not measured. */
  get startBytes(): number | null {
    return this.#before?.use.bytes ?? null;
  }

  /** `sinceNs`: when the first of the runs on the same files began. */
  async before(
    path: string,
    { sinceNs, cancel }: { sinceNs: bigint; cancel: AbortSignal },
  ): Promise<void> {
    this.#sinceNs = sinceNs;
    const parts = { ...this.#parts(), cancel };
    if (this.#isScanned) this.#before = await scanBefore(path, parts);
    for (const root of this.#roots) {
      if (!(await scanRootBefore(root, parts))) this.#unreadable.add(root);
    }
  }

  /** Never rejects. */
  async after(path: string): Promise<Look> {
    const after = this.#isScanned ? await this.#afterOf(path) : null;
    for (const root of this.#roots) await this.#defuseRoot(root);
    if (this.#unlisted > 0) {
      const sentence = `${this.#unlisted} more files were made harmless than are listed as defused`;
      this.#findings.add('remark', sentence);
    }
    const gaps = this.#findings.has('scan') ? this.#findings.sentences().join('; ') : null;
    const looked = this.#plan.isWritable || this.#roots.length > 0;
    return {
      changes: this.#plan.isListed ? (after?.list?.manifest() ?? this.#noManifest()) : null,
      defused: looked ? this.#defused : null,
      growthBytes: this.#growth(after),
      allChanges: after?.changes ?? [],
      gaps,
      failure: this.#unsafe.count > 0 ? unsafe(this.#unsafe) : null,
    };
  }

  get #isScanned(): boolean {
    return this.#plan.isWritable || this.#plan.isCompared;
  }

  #parts() {
    return {
      plan: this.#plan,
      limits: this.#limits,
      findings: this.#findings,
      suspects: this.#suspects,
      cancel: null,
    };
  }

  #afterParts() {
    return { ...this.#parts(), list: this.#list, sinceNs: this.#sinceNs };
  }

  async #afterOf(path: string): Promise<AfterTask | null> {
    try {
      const after = await scanAfter(path, { ...this.#afterParts(), before: this.#before });
      if (after.defuser) this.#take(after.defuser, '');
      return after;
    } catch (error) {
      const sentence = `the workspace could not be read after the task: ${messageOf(error)}`;
      this.#findings.add('scan', sentence);
      if (this.#plan.isWritable) this.#addUnsafe(path);
      return null;
    }
  }

  async #defuseRoot(root: WritableRoot): Promise<void> {
    try {
      this.#take(await scanRootAfter(root, this.#afterParts()), `${root.path}/`);
    } catch {
      // What denied itself to us before, and to a task with our own rights as well, is as it was.
      if (this.#plan.isForeign || !this.#unreadable.has(root)) this.#addUnsafe(root.path);
    }
  }

  #take(defuser: Defuser, prefix: string): void {
    this.#defused.push(...defuser.defused);
    this.#unlisted += defuser.unlisted;
    for (const path of defuser.unsafe) this.#addUnsafe(prefix + printableBytes(path));
  }

  #addUnsafe(path: string): void {
    this.#unsafe.count += 1;
    if (this.#unsafe.examples.length < mostExamples) this.#unsafe.examples.push(path);
  }

  #growth(after: AfterTask | null): number | null {
    const before = this.#before?.use;
    if (!this.#plan.isWritable || !after || !before?.isComplete || !after.use.isComplete)
      return null;
    return after.use.bytes - before.bytes;
  }

  #noManifest(): WorkspaceReport['changes'] {
    const limitsReached = this.#findings.sentences();
    return { added: [], changed: [], removed: [], complete: false, limitsReached };
  }
}

const mostExamples = 5;

function planOf({ workspace, manifest, workspaceMode, apply, user }: TaskSpec): ScanPlan {
  const uid = user?.split(':')[0];
  return {
    workspace,
    isPrivate: workspaceMode === 'copy',
    isListed: manifest,
    isCompared: manifest || (workspaceMode === 'copy' && apply !== 'never'),
    isWritable: workspaceMode !== 'ro',
    isForeign: uid !== undefined && uid !== String(process.geteuid?.()),
  };
}

function unsafe(found: Unsafe): SandboxFailure {
  const message = `what the task left could not all be looked at or made harmless: ${listOf(found)}`;
  return new SandboxFailure('workspace-unsafe', message, {
    hint: 'It may hold setuid, setgid or special files: remove it as their owner or as root before anybody uses it.',
  });
}
