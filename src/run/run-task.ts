import type { Readable } from 'node:stream';
import type { EngineFacts, Ending, RunningTask, Sandbox } from '../engine/engine.ts';
import { connectEngine, refuseLess } from '../engine/engines.ts';
import { PhaseClock } from '../engine/phase-clock.ts';
import { within } from '../engine/timer.ts';
import { SandboxFailure, errnoOf, messageOf, toFailure } from '../failure.ts';
import { type Outcome, outcomeOfFailure } from '../outcome/outcome.ts';
import { Termination } from '../outcome/termination.ts';
import { type TaskRecord, composeReceipt } from '../receipt/compose-receipt.ts';
import type { Receipt } from '../receipt/receipt.ts';
import { ReceiptPlace } from '../receipt/write-receipt.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import type { RunEvent } from './event.ts';
import { forwardInput } from './forward-input.ts';
import { type ChunkReceiver, OutputRelay } from './output-relay.ts';
import { cancelSignalOf, supervise } from './supervise.ts';

/** What a run is connected to. */
export interface RunIo {
  readonly stdin: Readable | null;
  readonly onStdout: ChunkReceiver | null;
  readonly onStderr: ChunkReceiver | null;
  readonly onEvent: (event: RunEvent) => void;
  /** Aborting it cancels the task; a reason such as 'SIGINT' is the signal that is forwarded. */
  readonly cancel: AbortSignal;
  /** Aborting it kills the task at once. */
  readonly force: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Runs one task and resolves to its receipt, for every ending. Rejects with a SandboxFailure only where no
 * receipt can be written (`receipt-not-writable`) or where it belongs to another task (`id-in-use`).
 */
export async function runTask(spec: TaskSpec, io: RunIo): Promise<Receipt> {
  const place = await ReceiptPlace.reserve(spec.receiptPath);
  try {
    const record = await new TaskRun(spec, io).execute();
    const receipt = composeReceipt(record);
    await place.write(receipt);
    return receipt;
  } finally {
    await place.release();
  }
}

class TaskRun {
  readonly #spec: TaskSpec;
  readonly #io: RunIo;
  readonly #phases = new PhaseClock();
  readonly #termination = new Termination();
  readonly #stdout: OutputRelay;
  readonly #stderr: OutputRelay;
  readonly #cancel: AbortSignal;
  #engine: EngineFacts | null = null;
  #sandbox: Sandbox | null = null;
  #ending: Ending | null = null;
  #outputComplete = true;
  #removed: boolean | null = null;
  #startAsked = false;
  #start: { at: Date; ms: number } | null = null;
  #end: { at: Date; ms: number } | null = null;

  constructor(spec: TaskSpec, io: RunIo) {
    this.#spec = spec;
    this.#io = io;
    // As in a pipeline: whoever writes to a reader that has gone away gets SIGPIPE.
    const readerGone = new AbortController();
    this.#cancel = AbortSignal.any([io.cancel, readerGone.signal]);
    const relay = (receiver: ChunkReceiver | null) =>
      new OutputRelay(spec.outputLimitBytes, receiver, () => readerGone.abort('SIGPIPE'));
    this.#stdout = relay(io.onStdout);
    this.#stderr = relay(io.onStderr);
  }

  async execute(): Promise<TaskRecord> {
    const outcome = await this.#outcome();
    const started = outcome.kind === 'not-started' ? null : this.#start;
    return {
      spec: this.#spec,
      outcome,
      engine: this.#engine,
      sandbox: this.#sandbox?.facts ?? null,
      ending: this.#ending,
      stdout: this.#stdout.finish(),
      stderr: this.#stderr.finish(),
      outputComplete: this.#outputComplete,
      removed: this.#removed,
      startAsked: this.#startAsked,
      cause: this.#termination.cause,
      signals: this.#termination.signals,
      startedAt: started?.at ?? null,
      finishedAt: started && this.#end ? this.#end.at : null,
      durationMs: started && this.#end ? this.#end.ms - started.ms : null,
      phases: this.#phases.durations(),
    };
  }

  /** The only place where a throw becomes an outcome. */
  async #outcome(): Promise<Outcome> {
    try {
      return await this.#run();
    } catch (error) {
      if (this.#cancel.aborted && error === this.#cancel.reason) {
        return { kind: 'cancelled', end: null, signal: cancelSignalOf(this.#cancel) };
      }
      return outcomeOfFailure(toFailure(error));
    }
  }

  async #run(): Promise<Outcome> {
    const warn = (message: string) => this.#io.onEvent({ kind: 'warning', message });
    const cancel = this.#cancel;
    cancel.throwIfAborted();
    const engine = await this.#phases.measure('connect', () =>
      connectEngine(this.#spec, { cancel, warn, env: this.#io.env }),
    );
    this.#engine = engine.facts;
    try {
      this.#sandbox = await engine.create(this.#spec, { cancel, warn, phases: this.#phases });
      return await this.#runIn(this.#sandbox);
    } finally {
      await this.#dispose(warn);
      await engine.close();
    }
  }

  async #runIn(sandbox: Sandbox): Promise<Outcome> {
    refuseLess(sandbox.facts.isolation.level, this.#spec);
    this.#cancel.throwIfAborted();
    const sinks = { stdout: this.#stdout.sink, stderr: this.#stderr.sink };
    this.#startAsked = true;
    const task = await this.#phases.measure('start', () => sandbox.start(sinks));
    this.#start = { at: new Date(), ms: performance.now() };
    this.#io.onEvent({ kind: 'started' });
    const stopInput = forwardInput(this.#io.stdin, task.stdin);
    try {
      this.#ending = await this.#phases.measure('run', () => this.#supervise(task));
      this.#end = { at: new Date(), ms: performance.now() };
      await this.#phases.measure('drain', () => this.#drain(task));
      return (await this.#lostOutput(this.#ending)) ?? outcomeOf(this.#ending, this.#termination);
    } catch (error) {
      this.#outputComplete = false;
      throw error;
    } finally {
      stopInput();
    }
  }

  async #supervise(task: RunningTask): Promise<Ending> {
    return await supervise(task, {
      limits: this.#spec.limits,
      cancel: this.#cancel,
      force: this.#io.force,
      termination: this.#termination,
      onSignal: (signal) => {
        this.#allowOutput(signal === 'SIGKILL' ? Infinity : graceBacklogBytes);
      },
    });
  }

  /**
   * An engine reports no end while it cannot get rid of the output, so a reader that has stopped reading must
   * not hold up a task that is being ended. After SIGKILL nothing new can come, so all of it is taken.
   */
  #allowOutput(bytes: number): void {
    this.#stdout.allow(bytes);
    this.#stderr.allow(bytes);
  }

  /** What is left of the output, without waiting for a process that holds the pipe open. */
  async #drain(task: RunningTask): Promise<void> {
    this.#allowOutput(Infinity);
    const limitMs = Math.max(this.#spec.limits.killAfterMs, leastDrainMs);
    const drained = task.drained.then(() => true);
    this.#outputComplete = await within(limitMs, drained, false);
  }

  /** Output that could not be passed on is our failure; a reader that has gone away is its own decision. */
  async #lostOutput({ end }: Ending): Promise<Outcome | null> {
    // A stream tells of a failed write in the next turn at the earliest.
    await new Promise((resolve) => setImmediate(resolve));
    const error = this.#stdout.failure() ?? this.#stderr.failure();
    if (error === null || errnoOf(error) === 'EPIPE') return null;
    const failure = new SandboxFailure(
      'output-not-writable',
      `the task's output could not be passed on: ${messageOf(error)}`,
      { hint: 'The receipt has it, up to --output-limit.', cause: error },
    );
    return { kind: 'engine-failed', failure, end };
  }

  /** A task whose end is known keeps its outcome, whatever becomes of the tidying up. */
  async #dispose(warn: (message: string) => void): Promise<void> {
    const sandbox = this.#sandbox;
    if (!sandbox) return;
    try {
      await this.#phases.measure('remove', () => sandbox.dispose());
      this.#removed = true;
    } catch (error) {
      this.#removed = false;
      warn(`what is left of the task could not be removed: ${messageOf(error)}`);
    }
  }
}

const leastDrainMs = 1_000;

/** What a task that is being ended may still print while its reader stands still. */
const graceBacklogBytes = 16 * 1024 ** 2;

/** The first cause wins: what the sandbox did, then what the kernel did, then the command's own ending. */
function outcomeOf(ending: Ending, termination: Termination): Outcome {
  const { end, oomKills, stoppedBy, endedFirst } = ending;
  const cause = endedFirst ? null : termination.cause;
  if (cause?.kind === 'deadline') return { kind: 'timed-out', end };
  if (cause?.kind === 'cancelled') return { kind: 'cancelled', end, signal: cause.signal };
  // A child that was killed is no failure of a command that went on and succeeded.
  if (oomKills !== null && oomKills > 0 && end.exitCode !== 0) {
    return { kind: 'out-of-memory', end };
  }
  if (stoppedBy) return { kind: 'cancelled', end, signal: stoppedBy };
  const { signal } = end;
  return signal === null ? { kind: 'exited', end } : { kind: 'signaled', end: { ...end, signal } };
}
