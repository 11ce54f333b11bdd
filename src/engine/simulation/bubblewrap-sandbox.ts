import { SandboxFailure, messageOf } from '../../failure.ts';
import type { TaskSpec } from '../../spec/task-spec.ts';
import type { OutputSinks, RunningTask, Sandbox, SandboxFacts } from '../engine.ts';
import { pauseBetweenLooks, within } from '../timer.ts';
import { checkWorkdir, workdirFailure } from '../workdir.ts';
import type { BubblewrapCommand } from './bubblewrap-arguments.ts';
import { BubblewrapTask } from './bubblewrap-task.ts';
import type { TaskCgroup } from './cgroup.ts';
import { type ProgramSearch, notExecutable, notFound, whyNotStartable } from './find-program.ts';
import { Launch, type LaunchInput, setupLimitMs } from './launch.ts';
import { readProcess, sendTo } from './process-facts.ts';
import { type StandardStreams, closeStreams } from './standard-streams.ts';
import type { TaskDirectory } from './task-directory.ts';
import { ViewFiles } from './view-files.ts';

export interface BubblewrapParts extends Omit<LaunchInput, 'streams'> {
  readonly spec: TaskSpec;
  readonly bubblewrap: BubblewrapCommand;
  /** Called where the sandbox could not be set up, for a reason that is not the command's. */
  readonly onSetupFailure: () => Promise<void>;
  readonly cgroup: TaskCgroup | null;
  readonly search: ProgramSearch;
  readonly directory: TaskDirectory;
  readonly streams: Promise<StandardStreams>;
  /** As they are now: some limits can be read only once the task runs. */
  readonly facts: () => SandboxFacts;
}

const mostRefusalBytes = 64 * 1024;

/** One command in namespaces of its own, made by bubblewrap. */
export class BubblewrapSandbox implements Sandbox {
  readonly #parts: BubblewrapParts;
  #launch: Launch | null = null;

  constructor(parts: BubblewrapParts) {
    this.#parts = parts;
  }

  get facts(): SandboxFacts {
    return this.#parts.facts();
  }

  async start(output: OutputSinks): Promise<RunningTask> {
    const { search, cgroup } = this.#parts;
    await this.#checkWorkdir();
    const failure = whyNotStartable(search);
    if (failure) throw failure;
    const launch = new Launch({ ...this.#parts, streams: await this.#parts.streams });
    this.#launch = launch;
    const pid = await launch.commandPid().catch((error: unknown) => {
      throw startFailed(messageOf(error), error);
    });
    const { initPid } = launch.status;
    if (initPid !== null) cgroup?.joined(initPid);
    if (pid === null) await this.#throwIfNeverStarted(launch);
    return new BubblewrapTask({ launch, pid, cgroup, output });
  }

  async dispose(): Promise<void> {
    const { cgroup, directory } = this.#parts;
    if (this.#launch) await endLaunch(this.#launch);
    else await this.#parts.streams.then(closeStreams, () => undefined);
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
  async #throwIfNeverStarted(launch: Launch): Promise<void> {
    await within(setupLimitMs, launch.status.ended, undefined);
    if (launch.status.exitCode !== null) return;
    const said = await readAll(launch.streams.stderr);
    const { search } = this.#parts;
    const [, reason] = /^bwrap: execvp .*: (.+)$/m.exec(said) ?? [];
    if (reason === 'No such file or directory') throw notFound(search);
    if (reason !== undefined) throw notExecutable(search.program, reason);
    await this.#parts.onSetupFailure();
    throw startFailed(said.trim().split('\n').join('; '));
  }
}

function startFailed(reason: string, cause?: unknown): SandboxFailure {
  return new SandboxFailure('start-failed', `the sandbox could not be set up: ${reason}`, {
    hint: 'Nothing was started. `sandbox doctor` looks for what stands in the way.',
    cause,
  });
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.length > mostRefusalBytes) break;
  }
  return text;
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
  closeStreams(launch.streams);
  for (const stream of child.stdio) stream?.destroy();
}

/** Its parent was bubblewrap; whoever has its pid by now and another start time is somebody else. */
function isInitOf(pid: number, launch: Launch): boolean {
  const found = readProcess(pid);
  return found !== null && found.state !== 'Z' && found.startTime === launch.initStartTime;
}
