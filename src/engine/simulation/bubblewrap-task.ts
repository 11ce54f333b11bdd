import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { SandboxFailure } from '../../failure.ts';
import type { Ending, OutputSinks, RunningTask } from '../engine.ts';
import { pump } from '../pump.ts';
import type { TaskCgroup } from './cgroup.ts';
import type { Launch } from './launch.ts';
import { isAlive, sendTo } from './process-facts.ts';
import { sentSignalOf } from './process-outcome.ts';
import type { StandardStreams } from './standard-streams.ts';
import type { TaskTerminal } from './task-terminal.ts';
import type { TerminalWords } from './terminal-words.ts';

export interface BubblewrapTaskParts {
  readonly launch: Launch;
  readonly streams: StandardStreams;
  /** The command by the host's count, or what makes its terminal; null where it is over already. */
  readonly pid: number | null;
  readonly cgroup: TaskCgroup | null;
  readonly output: OutputSinks;
  /** Null where it has none, or is over already. */
  readonly terminal: TaskTerminal | null;
  /** What makes the terminal, where it has one: its own words are none of the task's. */
  readonly words: TerminalWords | null;
}

export class BubblewrapTask implements RunningTask {
  readonly stdin: Writable | null;
  readonly drained: Promise<void>;
  readonly resize: RunningTask['resize'];
  readonly #parts: BubblewrapTaskParts;
  readonly #ended: Promise<Ending>;
  readonly #sent = new Set<NodeJS.Signals>();

  constructor(parts: BubblewrapTaskParts) {
    const { streams, output, terminal, words } = parts;
    this.#parts = parts;
    this.stdin = terminal && streams.stdin ? terminal.keys(streams.stdin) : streams.stdin;
    this.resize = terminal && ((size) => terminal.resize(size));
    const said = pump(streams.stderr, words?.sink ?? output.stderr);
    this.drained = Promise.all([pump(streams.stdout, output.stdout), said]).then(() => undefined);
    this.#ended = this.#awaitEnd(said);
    for (const promise of [this.drained, this.#ended]) promise.catch(() => undefined);
  }

  async ended(): Promise<Ending> {
    return await this.#ended;
  }

  /** To the command itself, as an init would pass it on; SIGKILL to everything there is. */
  async kill(signal: NodeJS.Signals): Promise<'sent' | 'already-ended'> {
    const { launch, pid } = this.#parts;
    if (launch.hasExited || pid === null || !isAlive(pid)) return 'already-ended';
    if (!(await this.#send(signal, pid))) return 'already-ended';
    this.#sent.add(signal);
    return 'sent';
  }

  async #send(signal: NodeJS.Signals, pid: number): Promise<boolean> {
    const { launch, terminal } = this.#parts;
    if (signal === 'SIGKILL') return sendTo(launch.status.initPid ?? pid, signal);
    return terminal ? await terminal.send(signal) : sendTo(pid, signal);
  }

  async #awaitEnd(said: Promise<void>): Promise<Ending> {
    const { launch, cgroup, words } = this.#parts;
    const exit = await launch.exited;
    await launch.status.ended;
    await words?.refuse(said);
    const oomKills = cgroup?.oomKills() ?? null;
    const observed = {
      ...{ oomKills, observed: [], stoppedBy: null, endedFirst: false },
      ...{ watchdog: null, isOver: false },
    };
    const exitCode = launch.status.exitCode ?? codeOfKilled(exit.signal);
    return { end: { exitCode, signal: this.#signalOf(exitCode, oomKills) }, ...observed };
  }

  /** bubblewrap reports 128+n both for a death by signal and for an exit, so one is named where it was sent. */
  #signalOf(exitCode: number, oomKills: number | null): NodeJS.Signals | null {
    const wasKilled = exitCode === 128 + constants.signals.SIGKILL && (oomKills ?? 0) > 0;
    if (wasKilled) return 'SIGKILL';
    return sentSignalOf(exitCode, this.#sent);
  }
}

/** bubblewrap itself was killed, and all that was in it with it. */
function codeOfKilled(signal: NodeJS.Signals | null): number {
  if (signal !== null) return 128 + constants.signals[signal];
  throw new SandboxFailure('engine-lost', 'bubblewrap ended without telling how the command did', {
    hint: 'The command is not running any more; its exit code is not known.',
  });
}
