import type { IncomingMessage } from 'node:http';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { SandboxFailure } from '../../failure.ts';
import type { TerminalSize } from '../../spec/task-spec.ts';
import { Deferred } from '../deferred.ts';
import type { Ending, OutputSinks, RunningTask } from '../engine.ts';
import { pump } from '../pump.ts';
import { within } from '../timer.ts';
import { mayBeTooLong, tooLong } from '../too-long.ts';
import { textOf } from './answers.ts';
import { signalOf } from './container-outcome.ts';
import { demultiplex } from './demultiplex.ts';
import { callLimitsMs } from './docker-api.ts';
import type { RunningParts } from './container-parts.ts';
import { engineMessageOf, httpStatusOf } from './engine-failure.ts';
import { HeldReport, isInitReport, isLengthReport } from './exec-failure.ts';
import { explainExecFailure } from './find-command.ts';

/** `die` comes before the exit status does: longer means that the events were lost. */
const eventLimitMs = 2_000;

/** The exit status follows the end of the output within milliseconds. */
const statusAfterOutputMs = 1_000;

export class RunningContainer implements RunningTask {
  readonly stdin: Writable | null;
  readonly drained: Promise<void>;
  readonly resize: RunningTask['resize'];
  readonly #parts: RunningParts;
  readonly #status: Promise<WaitStatus>;
  readonly #report: HeldReport;
  readonly #output: Promise<void>;
  /** Reached once it is known whether the command started, and with it who wrote what is held back. */
  readonly #verdict = new Deferred();
  readonly #sent = new Set<NodeJS.Signals>();
  /** Those of them that the engine has confirmed. */
  readonly #delivered = new Set<NodeJS.Signals>();
  #killing: Promise<unknown> = Promise.resolve();
  #outputEnded = false;
  #outputEndedFirst = false;

  constructor(parts: RunningParts, output: OutputSinks) {
    this.#parts = parts;
    this.stdin = parts.spec.stdin ? parts.attached : null;
    const { tty } = parts.spec;
    this.resize = tty ? (size) => this.#resize(size) : null;
    const suspicion = { mayBeTooLong: mayBeTooLong(parts.spec) };
    this.#report = new HeldReport(tty ? output.stdout : output.stderr, suspicion);
    const { sink } = this.#report;
    this.#output = tty
      ? pump(parts.attached, sink)
      : demultiplex(parts.attached, { ...output, stderr: sink });
    this.#status = readStatus(parts.waiting);
    const noteEnd = () => {
      this.#outputEnded = true;
    };
    this.#output.then(noteEnd, noteEnd);
    this.drained = this.#output
      .then(() => this.#verdict.reached)
      .then(() => this.#report.release());
    // Whoever waits for these learns of a failure; a run that fails before that must not be a crash.
    for (const promise of [this.#status, this.drained]) promise.catch(() => undefined);
  }

  async ended(): Promise<Ending> {
    const { events, facts } = this.#parts;
    try {
      const { exitCode, error } = await Promise.race([this.#status, this.#cut()]);
      if (error) throw new SandboxFailure('engine-error', `the engine lost the task: ${error}`);
      const sawEnd = await events.seen('die', eventLimitMs);
      const stoppedBy = this.#stoppedByOther();
      const mayBeShutdown = exitCode > 128 && this.#sent.size === 0;
      if (!sawEnd || stoppedBy || mayBeShutdown) await this.#throwIfEngineWent();
      await this.#throwIfNeverStarted(exitCode);
      // Podman confirms a kill only once the container has ended.
      await within(eventLimitMs, this.#killing, undefined);
      const watchdog = await this.#parts.watchdog.report(exitCode);
      const isOverdue = watchdog !== null && watchdog.endedAfterMs !== null;
      return {
        end: { exitCode, signal: isOverdue ? 'SIGKILL' : this.#signalOf(exitCode) },
        oomKills: sawEnd && this.#parts.tellsOom ? this.#oomKills(exitCode, isOverdue) : null,
        observed: events.observed,
        stoppedBy,
        endedFirst: this.#outputEndedFirst && !this.#diedOfOurs(exitCode),
        watchdog,
        // The host's kernel ends all processes of a container before its first one counts as ended. What another
        // kernel still has to write is not known.
        isOver: sawEnd && facts.isolation.level === 'container',
      };
    } finally {
      this.#verdict.reach();
    }
  }

  async kill(signal: NodeJS.Signals): Promise<'sent' | 'already-ended'> {
    if (this.#sent.size === 0) this.#outputEndedFirst = this.#outputEnded;
    this.#sent.add(signal);
    const killing = this.#confirm(signal);
    this.#killing = Promise.allSettled([this.#killing, killing]);
    return await killing;
  }

  async #confirm(signal: NodeJS.Signals): Promise<'sent' | 'already-ended'> {
    const { api, container } = this.#parts;
    try {
      await api.call(callLimitsMs.quick, (abortSignal) => container.kill({ signal, abortSignal }));
    } catch (error) {
      const isGone = isGoneMeanwhile(error);
      if (isEnded(error) || (isGone && signal !== 'SIGKILL')) return 'already-ended';
      if (!isGone) throw error;
    }
    this.#delivered.add(signal);
    return 'sent';
  }

  /** Some engines lose the event now and then: then nobody was seen to send what ended the command. */
  #oomKills(exitCode: number, isOverdue: boolean): number | null {
    const { events } = this.#parts;
    const count = events.count('oom');
    if (count > 0 || exitCode !== 128 + constants.signals.SIGKILL) return count;
    return isOverdue || this.#sent.has('SIGKILL') || this.#sawKill('SIGKILL') ? 0 : null;
  }

  #signalOf(exitCode: number): NodeJS.Signals | null {
    return signalOf(exitCode, this.#parts.events.observed, this.#delivered);
  }

  #sawKill(signal: NodeJS.Signals): boolean {
    return this.#parts.events.observed.some(
      (one) => one.event === 'kill' && Number(one.signal) === constants.signals[signal],
    );
  }

  async #resize({ columns, rows }: TerminalSize): Promise<void> {
    const { api, container } = this.#parts;
    try {
      await api.call(callLimitsMs.quick, (abortSignal) =>
        container.resize({ h: rows, w: columns, abortSignal }),
      );
    } catch (error) {
      if (!isEnded(error)) throw error;
    }
  }

  /** Nobody will ask for the ending any more. */
  abandon(): void {
    this.#verdict.reach();
  }

  #diedOfOurs(exitCode: number): boolean {
    return [...this.#sent].some((signal) => exitCode === 128 + constants.signals[signal]);
  }

  /** Somebody else's `docker stop` or `docker kill`, or an engine that shuts down. */
  #stoppedByOther(): NodeJS.Signals | null {
    const ending: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGKILL'];
    return ending.find((name) => !this.#sent.has(name) && this.#sawKill(name)) ?? null;
  }

  /**
   * An engine that shuts down ends its tasks with 137 or 143, which looks like their own ending. It stops
   * listening first, so a new connection tells.
   */
  async #throwIfEngineWent(): Promise<void> {
    try {
      (await this.#parts.api.stream('GET', '/_ping')).resume();
    } catch (cause) {
      throw engineWent(cause);
    }
  }

  /** Rejects where the output ends and the task does not: an engine keeps the stream open until the task has ended. */
  async #cut(): Promise<never> {
    const settled = async (promise: Promise<unknown>) =>
      await promise.then(
        () => true,
        () => true,
      );
    await settled(this.#output);
    const hasEnded = await within(statusAfterOutputMs, settled(this.#status), false);
    if (!hasEnded && (await this.#isRunning())) throw outputCut();
    return await new Promise<never>(() => undefined);
  }

  /** False in doubt: whatever else is wrong with the engine is told by the status. */
  async #isRunning(): Promise<boolean> {
    try {
      const { api, container } = this.#parts;
      return (await api.inspectContainer(container)).State.Running;
    } catch {
      return false;
    }
  }

  /** The init says on stderr that there was nothing to start; believed only when the image says so, too. */
  async #throwIfNeverStarted(exitCode: number): Promise<void> {
    const report = this.#report;
    if (![1, 126, 127].includes(exitCode)) return;
    await within(eventLimitMs, this.#output, undefined);
    const failure = await this.#explainReport(exitCode);
    if (!failure) return;
    report.drop();
    throw failure;
  }

  async #explainReport(exitCode: number): Promise<SandboxFailure | null> {
    const { api, spec, search } = this.#parts;
    const { held } = this.#report;
    if (mayBeTooLong(spec) && isLengthReport(held, exitCode)) return tooLong(search.program);
    return isInitReport(held, exitCode) ? await explainExecFailure(api, this.#parts) : null;
  }
}

/** 404: removed already. 409: not running, for which Podman answers 500. */
function isEnded(error: unknown): boolean {
  const status = httpStatusOf(error);
  if (status === 500) return engineMessageOf(error).includes('container state improper');
  return status === 404 || status === 409;
}

/** After a SIGKILL Podman looks for the end of the container, and may find it removed. Before the kill that is 404. */
function isGoneMeanwhile(error: unknown): boolean {
  return httpStatusOf(error) === 500 && engineMessageOf(error).includes('no such container');
}

interface WaitStatus {
  readonly exitCode: number;
  readonly error: string | null;
}

async function readStatus(response: IncomingMessage): Promise<WaitStatus> {
  try {
    const { StatusCode, Error: error } = JSON.parse(await textOf(response)) as {
      StatusCode?: unknown;
      Error?: { Message?: string } | null;
    };
    if (typeof StatusCode !== 'number') throw new Error('expected a StatusCode, found none');
    return { exitCode: StatusCode, error: error?.Message ?? null };
  } catch (cause) {
    throw engineWent(cause);
  }
}

function outputCut(): SandboxFailure {
  return new SandboxFailure(
    'engine-lost',
    'the engine closed the stream of the output while the task was running',
    { hint: 'Check what is between sandbox and the engine, such as a proxy that limits time.' },
  );
}

function engineWent(cause: unknown): SandboxFailure {
  return new SandboxFailure('engine-lost', 'the engine went away while the task was running', {
    hint: 'Once the engine is back, the next sandbox command removes what is left of the task.',
    cause,
  });
}
