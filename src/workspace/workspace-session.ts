import { SandboxFailure, messageOf, toFailure } from '../failure.ts';
import type { WorkspaceReport } from '../receipt/receipt.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import { bringBack } from './bring-back.ts';
import { type WorkspaceLimits, workspaceLimits } from './limits.ts';
import { Findings } from './findings.ts';
import { type LiveRun, announceRun } from './live-runs.ts';
import { watchGrowth } from './growth-watch.ts';
import { type Look, WorkspaceLook } from './workspace-look.ts';
import { type WorkspaceCopy, copyWorkspace } from './workspace-copy.ts';

export interface WorkspaceEnd {
  readonly report: WorkspaceReport;
  readonly failure: SandboxFailure | null;
  /** What could not be looked at, in words, where the report has no place for it. */
  readonly notes: readonly string[];
}

/** The workspace of one task: what it is before, what the task sees of it, and what becomes of it. */
export class WorkspaceSession {
  /** The directory to show to the task. Exists once this resolves; until `ready` a copy may still be filling. */
  readonly path: Promise<string>;
  readonly #spec: TaskSpec;
  readonly #limits: WorkspaceLimits;
  readonly #cancel = new AbortController();
  readonly #findings = new Findings();
  readonly #look: WorkspaceLook;
  readonly #prepared: Promise<void>;
  #copy: WorkspaceCopy | null = null;
  #live: LiveRun | null = null;

  private constructor(spec: TaskSpec, limits: WorkspaceLimits) {
    this.#spec = spec;
    this.#limits = limits;
    this.#look = new WorkspaceLook(spec, this.#findings, limits);
    let onPlace: (path: string) => void = () => undefined;
    const placed = new Promise<string>((resolve) => (onPlace = resolve));
    this.#prepared = this.#prepare(onPlace);
    // Where it fails before there is a place, it has failed for whoever waits for one.
    this.path = Promise.race([placed, this.#prepared.then(() => placed)]);
    // Nobody may ever wait for it.
    this.path.catch(() => undefined);
  }

  /** Begins at once, beside the engine's own start. The caller holds the lock of the receipt. */
  static open(spec: TaskSpec, limits = workspaceLimits): WorkspaceSession {
    return new WorkspaceSession(spec, limits);
  }

  /** To be awaited before the task starts. Rejects with a SandboxFailure, `workspace-not-copied`. */
  async ready(): Promise<void> {
    await this.#prepared;
  }

  /**
   * Calls back once when the disk use of the workspace has grown by more than `limitBytes` since `ready`, which
   * is looked at every 250 ms, or less often where looking takes long. Answers a stop function.
   */
  watchGrowth(limitBytes: number, onExceeded: (seenBytes: number) => void): () => void {
    const { startBytes } = this.#look;
    if (startBytes === null) return () => undefined;
    return watchGrowth({ path: this.#shown(), startBytes, limitBytes, onExceeded });
  }

  /** After every process of the task is dead. Never rejects: what went wrong is in `failure`. */
  async finish(how: { apply: boolean }): Promise<WorkspaceEnd> {
    try {
      await this.#prepared;
    } catch (error) {
      await this.#live?.release();
      return { report: nothingLooked, failure: toFailure(error), notes: [] };
    }
    const look = await this.#look.after(this.#shown());
    await this.#live?.release();
    const end = this.#copy
      ? await bringBack({
          apply: how.apply && !this.#hasOutgrown(look),
          copy: this.#copy,
          look,
          workspace: this.#spec.workspace,
        })
      : { applied: null, copyKeptAt: null, failure: null };
    return this.#endOf(look, end);
  }

  /** Where nothing was started: removes the copy. */
  async discard(): Promise<void> {
    this.#cancel.abort(new Error('discarded'));
    await this.#prepared.catch(() => undefined);
    // What is left is removed by the next run.
    await this.#copy?.place.remove().catch(() => undefined);
    await this.#live?.release();
  }

  async #prepare(onPlace: (path: string) => void): Promise<void> {
    const { workspace, workspaceMode, receiptPath } = this.#spec;
    const cancel = this.#cancel.signal;
    this.#live = await announceRun(this.#spec);
    if (workspaceMode === 'copy') {
      this.#copy = await copyWorkspace({
        workspace,
        receiptPath,
        cancel,
        onPlace,
        findings: this.#findings,
        mostFiles: this.#limits.scan.files,
      });
    } else onPlace(workspace);
    const { sinceNs } = this.#live;
    await this.#look.before(this.#shown(), { sinceNs, cancel });
  }

  /** What broke its limit is never brought back, also where nobody saw it in time. */
  #hasOutgrown({ growthBytes }: Look): boolean {
    const limitBytes = this.#spec.limits.workspaceBytes;
    return limitBytes !== null && (growthBytes === null || growthBytes > limitBytes);
  }

  #shown(): string {
    return this.#copy?.place.path ?? this.#spec.workspace;
  }

  #endOf(look: Look, end: Awaited<ReturnType<typeof bringBack>>): WorkspaceEnd {
    const { changes, defused, growthBytes } = look;
    const { applied, copyKeptAt } = end;
    const report = { changes, defused, growthBytes, applied, copyKeptAt };
    const notes = changes === null ? this.#findings.sentences() : [];
    return { report, failure: both(look.failure, end.failure), notes };
  }
}

/** Of a workspace that nobody came to look at. */
export const nothingLooked: WorkspaceReport = {
  changes: null,
  defused: null,
  growthBytes: null,
  applied: null,
  copyKeptAt: null,
};

/** A receipt has room for one failure. */
function both(first: SandboxFailure | null, second: SandboxFailure | null): SandboxFailure | null {
  if (!first || !second) return first ?? second;
  const hint = [first.hint, second.hint].filter((text) => text !== null).join(' ');
  return new SandboxFailure(first.code, `${first.message}; ${messageOf(second)}`, {
    hint,
    cause: first,
  });
}
