import type { Duplex } from 'node:stream';
import type { Limits } from '../../spec/task-spec.ts';
import { SandboxFailure } from '../../failure.ts';
import { Deferred } from '../deferred.ts';
import type { WatchdogReport } from '../engine.ts';
import { startTimer, within } from '../timer.ts';
import { demultiplex } from './demultiplex.ts';
import { type DockerApi, callLimitsMs } from './docker-api.ts';
import type { EngineContainer } from './engine-calls.ts';
import { hasRoomForWatchdog } from './watchdog-room.ts';
import { watchdogCommand, watchdogWords } from './watchdog-script.ts';

interface Guarded {
  readonly api: DockerApi;
  readonly container: EngineContainer;
  readonly limits: Limits;
}

/** Most tasks are over by then, and pay nothing. */
const firstMs = 500;
/** A task that has no room for it now may have some later. */
const againMs = 5_000;
/** After our own SIGKILL at the deadline: it must not come first on a busy machine. */
const slackMs = 2_000;
/** The end of the task closes the connection, too, and is told by then. */
const endToldMs = 200;
/** The last word may come after the end of the task. */
const wordLimitMs = 2_000;
/** A task of the same user can write to the watchdog's output: more than this is not listened to. */
const mostBytes = 64;

/**
 * A small shell in the task's own container and with its rights, which ends the task when we are gone (its standard
 * input ends with our connection) and when the deadline has long passed, as it has for one that was suspended.
 */
export class Watchdog {
  readonly #guarded: Guarded;
  readonly #closed = new Deferred();
  readonly #silent = new Deferred();
  #isClosed = false;
  #cancelTimer: () => void = () => undefined;
  #said = '';
  #startedMs = 0;
  #dueMs: number | null = null;
  #state: 'untried' | 'absent' | 'in-force' | 'cut-off' = 'untried';

  constructor(guarded: Guarded) {
    this.#guarded = guarded;
  }

  /** To be called as the task starts. It is never the task's business whether this succeeds. */
  arm(): void {
    this.#startedMs = performance.now();
    this.#lookIn(firstMs);
  }

  /** What it has to do with an end of the task; to be called once that is known. Rejects where we were cut off. */
  async report(exitCode: number): Promise<WatchdogReport | null> {
    this.#cancelTimer();
    if (this.#state === 'cut-off') throw cutOff();
    if (this.#state === 'untried') return null;
    const dueMs = this.#dueMs;
    const mayBeIts = exitCode === killedExitCode && dueMs !== null && this.#elapsedMs >= dueMs;
    // Whoever was suspended has everything still to hear.
    if (mayBeIts) await within(wordLimitMs, this.#silent.reached, undefined);
    const isIts = mayBeIts && this.#said.includes(watchdogWords.overdue);
    return { isInForce: this.#state === 'in-force', endedAfterMs: isIts ? dueMs : null };
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#closed.reach();
  }

  get #elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  #lookIn(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancelTimer = startTimer(delayMs, () => void this.#set().catch(() => undefined));
  }

  async #set(): Promise<void> {
    const { api, container, limits } = this.#guarded;
    this.#state = 'absent';
    if (!(await hasRoomForWatchdog(api, container.id, limits))) {
      this.#lookIn(againMs);
      return;
    }
    const seconds = this.#secondsLeft();
    this.#dueMs = seconds === 0 ? null : this.#elapsedMs + seconds * 1000;
    const exec = await api.call(callLimitsMs.quick, (abortSignal) =>
      container.exec({ ...watchdogCommand({ seconds, limits }), abortSignal }),
    );
    if (this.#isClosed) return;
    const stream = await api.upgrade(`/exec/${exec.id}/start`, { Detach: false, Tty: false });
    void this.#closed.reached.then(() => stream.destroy());
    await this.#listen(stream).catch(() => undefined);
    this.#silent.reach();
    this.#afterSilence(exec.id);
  }

  /** Until it may end a task that we should have ended; 0 for never. In whole seconds, for any `sleep`. */
  #secondsLeft(): number {
    const { timeoutMs, killAfterMs } = this.#guarded.limits;
    if (timeoutMs === 0) return 0;
    const leftMs = timeoutMs + killAfterMs + slackMs - this.#elapsedMs;
    return Math.min(mostSeconds, Math.max(1, Math.ceil(leftMs / 1000)));
  }

  /** Resolves when nothing more can come. */
  async #listen(stream: Duplex): Promise<void> {
    const hear = (chunk: Buffer) => {
      // Read to its end, though: an engine reports no end of a container while its output waits for a reader.
      if (this.#said.length > mostBytes) return undefined;
      this.#said += chunk.toString('latin1', 0, mostBytes);
      if (this.#state === 'absent' && this.#said.includes(watchdogWords.ready)) {
        this.#state = 'in-force';
      }
      return undefined;
    };
    await demultiplex(stream, { stdout: hear, stderr: () => undefined });
  }

  /** The task has killed it, or the connection broke: then it ends the task, and we must not call that its own end. */
  #afterSilence(execId: string): void {
    if (this.#isClosed || this.#state !== 'in-force') return;
    this.#cancelTimer = startTimer(endToldMs, () => {
      const asked = this.#guarded.api.get(`/exec/${execId}/json`) as Promise<{ Running?: boolean }>;
      asked.then(
        ({ Running }) => {
          this.#state = Running === true ? 'cut-off' : 'absent';
        },
        () => undefined,
      );
    });
  }
}

const killedExitCode = 137;
/** 68 years, as much as any `sleep` takes. */
const mostSeconds = 2 ** 31 - 1;

function cutOff(): SandboxFailure {
  return new SandboxFailure(
    'engine-lost',
    'a connection to the engine broke while the task was running, and the task was ended for it',
    {
      hint: 'Whatever stands between here and the engine must not close connections that are idle.',
    },
  );
}
