import type {
  CreateContext,
  Engine,
  EngineFacts,
  Ending,
  ImageProgress,
  RunningTask,
  Sandbox,
} from '../engine/engine.ts';
import { TaskControl } from '../control/task-control.ts';
import { refuseLess } from '../engine/engines.ts';
import { PhaseClock } from '../engine/phase-clock.ts';
import { within } from '../engine/timer.ts';
import { messageOf, toFailure } from '../failure.ts';
import { Cancellation, cancellerOf } from '../outcome/cancellation.ts';
import { type Outcome, outcomeOfFailure } from '../outcome/outcome.ts';
import type { Redactor } from '../outcome/redactor.ts';
import { Termination } from '../outcome/termination.ts';
import type { TaskRecord } from '../receipt/compose-receipt.ts';
import type { LoadedSecrets } from '../spec/secret.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import { WorkspaceSession, nothingLooked } from '../workspace/workspace-session.ts';
import { forwardInput } from './forward-input.ts';
import { lostOutput, mayApply, outcomeAfter, outcomeOf, whatWasNotApplied } from './outcome-of.ts';
import type { RunIo } from './run-task.ts';
import { cancelSignalOf, supervise } from './supervise.ts';
import { TaskOutput } from './task-output.ts';
import { untilAborted } from './until-aborted.ts';

interface ConnectingIo extends RunIo {
  readonly connecting: Promise<Engine>;
}

interface RunSecrets extends LoadedSecrets {
  readonly redactor: Redactor | null;
}

/** One task from the first look at its workspace to the last. */
export class TaskRun {
  /** To be closed once its receipt is written. */
  readonly control: TaskControl;
  readonly #spec: TaskSpec;
  readonly #io: ConnectingIo;
  readonly #secrets: RunSecrets;
  readonly #phases = new PhaseClock();
  readonly #termination = new Termination();
  readonly #output: TaskOutput;
  readonly #cancel: AbortSignal;
  readonly #overLimit = new AbortController();
  #engine: EngineFacts | null = null;
  #sandbox: Sandbox | null = null;
  #ending: Ending | null = null;
  #outputComplete = true;
  #removed: boolean | null = null;
  #collected: Promise<Outcome> | null = null;
  #startAsked = false;
  #start: { at: Date; ms: number } | null = null;
  #end: { at: Date; ms: number } | null = null;
  #workspace: TaskRecord['workspace'] = nothingLooked;
  #overLimitBytes: number | null = null;
  #isSignalled = false;

  constructor(spec: TaskSpec, io: ConnectingIo, secrets: RunSecrets) {
    this.#spec = spec;
    this.#io = io;
    this.#secrets = secrets;
    // As in a pipeline: whoever writes to a reader that has gone away gets SIGPIPE.
    const readerGone = new AbortController();
    const stopAsked = new AbortController();
    this.#cancel = AbortSignal.any([io.cancel, readerGone.signal, stopAsked.signal]);
    const onGone = () => readerGone.abort('SIGPIPE');
    this.control = new TaskControl({
      kept: () => this.#output.kept(),
      // A second cause would cut the grace of the first one short.
      isEnding: () => this.#isSignalled || this.#cancel.aborted,
      onStop: () => stopAsked.abort(new Cancellation('sandbox stop')),
    });
    const onCaptured = this.control.feed;
    this.#output = new TaskOutput(spec, { io, redactor: secrets.redactor, onGone, onCaptured });
  }

  async execute(): Promise<TaskRecord> {
    const outcome = await this.#run();
    const started = outcome.kind === 'not-started' ? null : this.#start;
    return {
      spec: this.#spec,
      outcome,
      engine: this.#engine,
      sandbox: this.#sandbox?.facts ?? null,
      ending: this.#ending,
      ...this.#output.finish(),
      outputComplete: this.#outputComplete,
      workspace: this.#workspace,
      overLimitBytes: this.#overLimitBytes,
      removed: this.#removed,
      startAsked: this.#startAsked,
      cause: this.#termination.cause,
      signals: this.#termination.signals,
      canceller: cancellerOf(this.#cancel),
      startedAt: started?.at ?? null,
      finishedAt: started && this.#end ? this.#end.at : null,
      durationMs: started && this.#end ? this.#end.ms - started.ms : null,
      phases: this.#phases.durations(),
    };
  }

  /** The workspace is looked at before anything starts and after everything has ended, whatever happens between. */
  async #run(): Promise<Outcome> {
    const workspace = WorkspaceSession.open(this.#spec);
    const outcome = await this.#outcome(workspace);
    if (this.#collected) return await this.#collected;
    // What may still be running may still write: a look now would prove nothing.
    const isOver = this.#removed === true && this.#startAsked;
    if (!isOver) {
      if (!this.#startAsked) await workspace.discard();
      return outcome;
    }
    return await this.#collect(workspace, outcome);
  }

  async #collect(workspace: WorkspaceSession, outcome: Outcome): Promise<Outcome> {
    const apply = mayApply(outcome, this.#spec);
    const found = await this.#phases.measure('collect', () => workspace.finish({ apply }));
    this.#workspace = found.report;
    this.#warnOfDefused();
    const after = outcomeAfter(outcome, found, this.#spec);
    const unapplied = whatWasNotApplied(after, found.report, this.#spec);
    if (unapplied !== null) this.#warn(unapplied);
    if (after.kind === 'workspace-limit') this.#overLimitBytes ??= found.report.growthBytes;
    return after;
  }

  /** The only place where a throw becomes an outcome. */
  async #outcome(workspace: WorkspaceSession): Promise<Outcome> {
    try {
      return await this.#runOn(workspace);
    } catch (error) {
      if (this.#cancel.aborted && error === this.#cancel.reason) {
        const signal = cancelSignalOf(this.#cancel);
        return { kind: 'cancelled', end: null, signal, by: 'caller' };
      }
      const outcome = outcomeOfFailure(toFailure(error));
      // An engine may be lost in the very call that starts, and the task has printed something by then.
      if (this.#startAsked && outcome.kind === 'engine-failed') this.#outputComplete = false;
      return outcome;
    }
  }

  async #runOn(workspace: WorkspaceSession): Promise<Outcome> {
    const cancel = this.#cancel;
    cancel.throwIfAborted();
    if (this.#secrets.failure) throw this.#secrets.failure;
    const engine = await this.#phases.measure('connect', () => this.#io.connecting);
    this.#engine = engine.facts;
    try {
      const spec = { ...this.#spec, workspace: await workspace.path };
      this.#sandbox = await engine.create(spec, this.#createContext());
      await this.#phases.measure('scan', () => untilAborted(workspace.ready(), cancel));
      const outcome = await this.#runIn(this.#sandbox, workspace);
      // Beside the removal, which the engine is about already.
      if (this.#ending?.isOver) this.#collected = this.#collect(workspace, outcome);
      // It is awaited once the rest is gone.
      this.#collected?.catch(() => undefined);
      return outcome;
    } finally {
      this.#io.terminal?.detach();
      await this.#dispose();
    }
  }

  #createContext(): CreateContext {
    const { secrets } = this.#secrets;
    const progress = (told: ImageProgress) => this.#io.onEvent({ kind: 'image', progress: told });
    return { cancel: this.#cancel, warn: this.#warn, phases: this.#phases, progress, secrets };
  }

  async #runIn(sandbox: Sandbox, workspace: WorkspaceSession): Promise<Outcome> {
    refuseLess(sandbox.facts.isolation.level, this.#spec);
    this.#cancel.throwIfAborted();
    this.#io.onEvent({ kind: 'ready', facts: sandbox.facts });
    // What a task prints first may be a whole screen already.
    this.#io.terminal?.attach();
    this.#startAsked = true;
    const task = await this.#phases.measure('start', () => sandbox.start(this.#output.sinks));
    this.#start = { at: new Date(), ms: performance.now() };
    this.#io.onEvent({ kind: 'started' });
    if (task.resize) this.#io.terminal?.follow(task.resize);
    this.#openControl(this.#start.at);
    const stopInput = forwardInput(this.#io.stdin, task.stdin);
    const stopWatch = this.#watch(workspace);
    try {
      this.#ending = await this.#phases.measure('run', () => this.#supervise(task));
      this.#end = { at: new Date(), ms: performance.now() };
      this.#io.onEvent({ kind: 'ended' });
      await this.#phases.measure('drain', () => this.#drain(task));
      // A terminal that has gone away fails in many ways, and nobody asked for more than was seen there.
      const failure = this.#spec.tty ? null : await this.#output.failure();
      const lost = lostOutput(this.#ending, failure);
      return lost ?? outcomeOf(this.#ending, this.#termination);
    } catch (error) {
      this.#outputComplete = false;
      throw error;
    } finally {
      stopInput();
      stopWatch();
    }
  }

  /** Beside the task, which does not need it. */
  #openControl(startedAt: Date): void {
    const { id, command, limits, receiptPath } = this.#spec;
    const marked = {
      ...{ id, receiptPath, startedAtMs: startedAt.getTime() },
      ...{ timeoutMs: limits.timeoutMs, killAfterMs: limits.killAfterMs },
      command: command.map((word) => this.#secrets.redactor?.text(word) ?? word),
      engine: { name: this.#engine?.name ?? 'docker', address: this.#engine?.address ?? null },
      handle: this.#sandbox?.facts.handle ?? null,
    };
    this.control.open(marked).catch((error: unknown) => {
      this.#warn(`\`sandbox logs\` will not find this task while it runs: ${messageOf(error)}`);
    });
  }

  #watch(workspace: WorkspaceSession): () => void {
    const { workspaceBytes } = this.#spec.limits;
    if (workspaceBytes === null) return () => undefined;
    return workspace.watchGrowth(workspaceBytes, (seenBytes) => {
      this.#overLimitBytes = seenBytes;
      this.#overLimit.abort();
    });
  }

  async #supervise(task: RunningTask): Promise<Ending> {
    return await supervise(task, {
      limits: this.#spec.limits,
      cancel: this.#cancel,
      force: this.#io.force,
      overLimit: this.#overLimit.signal,
      termination: this.#termination,
      hasTerminal: this.#spec.tty !== null,
      onSignal: (signal) => {
        this.#isSignalled = true;
        this.#output.allowAfter(signal);
      },
    });
  }

  /** What is left of the output, without waiting for a process that holds the pipe open. */
  async #drain(task: RunningTask): Promise<void> {
    this.#output.allowRest();
    const limitMs = Math.max(this.#spec.limits.killAfterMs, leastDrainMs);
    const drained = task.drained.then(() => true);
    this.#outputComplete = await within(limitMs, drained, false);
    this.#output.flush();
  }

  /** A task whose end is known keeps its outcome, whatever becomes of the tidying up. */
  async #dispose(): Promise<void> {
    const sandbox = this.#sandbox;
    if (!sandbox) return;
    try {
      await this.#phases.measure('remove', () => sandbox.dispose());
      this.#removed = true;
    } catch (error) {
      this.#removed = false;
      this.#warn(`what is left of the task could not be removed: ${messageOf(error)}`);
    }
  }

  /** Files of the caller's were touched, so the caller is told. */
  #warnOfDefused(): void {
    const defused = this.#workspace.defused ?? [];
    if (defused.length === 0) return;
    const shown = defused.slice(0, 3).map(({ path, found }) => `${path ?? '?'} (${found})`);
    const more = defused.length > 3 ? ` and ${defused.length - 3} more` : '';
    this.#warn(`the task left files that were made harmless: ${shown.join(', ')}${more}`);
  }

  readonly #warn = (message: string): void => {
    const text = this.#secrets.redactor?.text(message) ?? message;
    this.#io.onEvent({ kind: 'warning', message: text });
  };
}

const leastDrainMs = 1_000;
