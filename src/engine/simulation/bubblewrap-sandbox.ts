import { SandboxFailure, messageOf } from '../../failure.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import type { OutputSinks, RunningTask, Sandbox, SandboxFacts } from '../engine.ts';
import { pauseBetweenLooks, within } from '../timer.ts';
import { tooLong, tooManyWords } from '../too-long.ts';
import { checkWorkdir, workdirFailure } from '../workdir.ts';
import { BubblewrapTask } from './bubblewrap-task.ts';
import type { TaskCgroup } from './cgroup.ts';
import { type ProgramSearch, notExecutable, notFound, whyNotStartable } from './find-program.ts';
import { LastWords, lastWordsLimitMs } from './last-words.ts';
import { type Launch } from './launch.ts';
import { readProcess, sendTo } from './process-facts.ts';
import { type StandardStreams, closeStreams } from './standard-streams.ts';
import type { TaskDirectory } from './task-directory.ts';
import { TaskTerminal } from './task-terminal.ts';
import { TerminalWords } from './terminal-words.ts';
import type { TerminalPrograms } from './terminal-programs.ts';
import { ViewFiles } from './view-files.ts';

export interface BubblewrapParts {
  readonly spec: TaskSpec;
  /** Under way, and waiting to begin. */
  readonly launch: Launch;
  /** Called where the sandbox could not be set up, for a reason that is not the command's. */
  readonly onSetupFailure: () => Promise<void>;
  readonly cgroup: TaskCgroup | null;
  readonly search: ProgramSearch;
  readonly directory: TaskDirectory;
  /** As they are now: some limits can be read only once the task runs. */
  readonly facts: () => SandboxFacts;
  /** Null where the task gets no terminal. */
  readonly programs: TerminalPrograms | null;
}

/** One command in namespaces of its own, made by bubblewrap. */
export class BubblewrapSandbox implements Sandbox {
  readonly #parts: BubblewrapParts;
  #terminal: TaskTerminal | null = null;

  constructor(parts: BubblewrapParts) {
    this.#parts = parts;
  }

  get facts(): SandboxFacts {
    return this.#parts.facts();
  }

  async start(output: OutputSinks): Promise<RunningTask> {
    const { search, cgroup, launch, programs } = this.#parts;
    await this.#checkWorkdir();
    const failure = whyNotStartable(search);
    if (failure) throw failure;
    const { streams, pid } = await begin(launch, output).catch((error: unknown) => {
      throw startFailed(messageOf(error), error);
    });
    const { initPid } = launch.status;
    if (initPid !== null) cgroup?.joined(initPid);
    if (pid === null) await this.#throwIfNeverStarted(streams);
    if (pid !== null && programs) {
      const { stty } = programs;
      this.#terminal = new TaskTerminal({ script: pid, stty, over: launch.exited, told: null });
    }
    const words = programs && new TerminalWords();
    const terminal = this.#terminal;
    return new BubblewrapTask({ launch, streams, pid, cgroup, output, terminal, words });
  }

  async dispose(): Promise<void> {
    const { cgroup, directory, launch } = this.#parts;
    await endLaunch(launch);
    this.#terminal?.close();
    this.#terminal = null;
    await cgroup?.remove();
    await directory.remove();
  }

  async #checkWorkdir(): Promise<void> {
    const { spec, search } = this.#parts;
    if (await checkWorkdir(spec)) return;
    const files = new ViewFiles(search.view, () => true);
    if (!files.isDirectory(spec.workdir)) throw workdirFailure(spec, 'is not in the sandbox');
  }

  /** Nothing of the task has run yet, so what is on stderr is bubblewrap's own and can be believed. */
  async #throwIfNeverStarted({ stderr }: StandardStreams): Promise<void> {
    const { launch, search } = this.#parts;
    await within(lastWordsLimitMs, launch.status.ended, undefined);
    if (launch.status.exitCode !== null) return;
    const said = await new LastWords(stderr).all();
    const [, reason] = /^bwrap: execvp .*: (.+)$/m.exec(said) ?? [];
    if (reason === 'No such file or directory') throw notFound(search);
    if (reason === 'Argument list too long') throw tooLong(search.program);
    if (reason !== undefined) throw notExecutable(search.program, reason);
    const [, most] = /^bwrap: Exceeded maximum number of arguments (\d+)$/m.exec(said) ?? [];
    if (most !== undefined) throw tooManyWords(search.program, most);
    await this.#parts.onSetupFailure();
    throw startFailed(said.trim().split('\n').join('; ') || 'bubblewrap ended and said nothing');
  }
}

async function begin(launch: Launch, output: OutputSinks) {
  const streams = await launch.streams;
  launch.begin();
  output.prepare();
  return { streams, pid: await launch.commandPid() };
}

function startFailed(reason: string, cause?: unknown): SandboxFailure {
  return new SandboxFailure('start-failed', `the sandbox could not be set up: ${reason}`, {
    hint: 'Nothing was started. `sandbox doctor` looks for what stands in the way.',
    cause,
  });
}

const goneLimitMs = 10_000;

/** When the first process of a PID namespace is gone, so is every other in it. */
async function endLaunch(launch: Launch): Promise<void> {
  const { child, status } = launch;
  if (!launch.hasExited) child.kill('SIGKILL');
  await within(
    goneLimitMs,
    launch.exited.catch(() => undefined),
    undefined,
  );
  const { initPid } = status;
  const endMs = performance.now() + goneLimitMs;
  while (initPid !== null && isInitOf(initPid, launch) && performance.now() < endMs) {
    sendTo(initPid, 'SIGKILL');
    await pauseBetweenLooks();
  }
  await launch.streams.then(closeStreams, () => undefined);
  for (const stream of child.stdio) stream?.destroy();
}

/** Its parent was bubblewrap; whoever has its pid by now and another start time is somebody else. */
function isInitOf(pid: number, launch: Launch): boolean {
  const found = readProcess(pid);
  return found !== null && found.state !== 'Z' && found.startTime === launch.initStartTime;
}
