import { once } from 'node:events';
import { posix } from 'node:path';
import type { Writable } from 'node:stream';
import { execa } from 'execa';
import { SandboxFailure } from '../../failure.ts';
import { type TaskSpec, workspaceTarget } from '../../spec/task-spec.ts';
import type { Ending, OutputSinks, RunningTask, Sandbox, SandboxFacts } from '../engine.ts';
import { pump } from '../pump.ts';
import { pauseBetweenLooks } from '../timer.ts';
import { checkWorkdir } from '../workdir.ts';
import { defaultPath } from './find-program.ts';
import { callersName, nameVariables } from './person.ts';
import { setupLimitMs } from './launch.ts';
import { endingOf, sentSignalOf, spawnFailure, whyNotRunnable } from './process-outcome.ts';
import { isAlive, sendTo } from './process-facts.ts';
import { killTree, markerVariable } from './process-tree.ts';
import type { TaskDirectory } from './task-directory.ts';
import { TaskTerminal, commandOn } from './task-terminal.ts';
import { type Startable, onTerminal } from './terminal-command.ts';
import type { TerminalPrograms } from './terminal-programs.ts';
import { randomName } from '../../spec/random-name.ts';

interface ProcessParts {
  readonly spec: TaskSpec;
  readonly directory: TaskDirectory;
  readonly facts: SandboxFacts;
  /** Null where the task gets no terminal. */
  readonly programs: TerminalPrograms | null;
}

/** One command as a process group that dies as a whole, like the processes of a container. */
export class ProcessSandbox implements Sandbox {
  readonly facts: SandboxFacts;
  readonly #parts: ProcessParts;
  /** Not the id alone: whoever calls us may carry that. */
  readonly #marker: string;
  #running: RunningProcess | null = null;

  constructor(parts: ProcessParts) {
    this.facts = parts.facts;
    this.#parts = parts;
    this.#marker = `${parts.spec.id}.${randomName(8)}`;
  }

  async start(output: OutputSinks): Promise<RunningTask> {
    const { spec, programs } = this.#parts;
    await checkWorkdir(spec);
    const environment = this.#environment();
    const program = spec.command[0] ?? '';
    const place = { cwd: directoryOf(spec), path: environment.PATH ?? defaultPath };
    const failure = programs && whyNotRunnable(program, place);
    if (failure) throw failure;
    const child = spawn(spec, this.#startable(environment));
    try {
      // Not `spawn` alone: it never comes when there is nothing to start.
      await Promise.race([once(child, 'spawn'), once(child, 'error').then(rethrow)]);
    } catch (error) {
      throw spawnFailure(error, program, place);
    }
    this.#running = new RunningProcess(child, this.#marker, output);
    if (programs) await this.#running.takeTerminal(programs.stty);
    return this.#running;
  }

  async dispose(): Promise<void> {
    this.#running?.destroy();
    await this.#parts.directory.remove();
  }

  #startable(environment: Record<string, string>): Startable {
    const { spec, programs } = this.#parts;
    const plain = { command: spec.command, environment };
    return spec.tty && programs ? onTerminal(plain, { size: spec.tty, programs }) : plain;
  }

  /** Nothing of the caller's, as in a container. */
  #environment(): Record<string, string> {
    const { spec, directory } = this.#parts;
    return {
      PATH: defaultPath,
      HOME: directory.home,
      TMPDIR: directory.temporary,
      ...nameVariables(callersName()),
      ...spec.environment,
      [markerVariable]: this.#marker,
    };
  }
}

/** There is no /workspace here: it is where it is on the host. */
function directoryOf({ workspace, workdir }: TaskSpec): string {
  return posix.join(workspace, posix.relative(workspaceTarget, workdir));
}

type Child = ReturnType<typeof spawn>;

function spawn(spec: TaskSpec, { command, environment }: Startable) {
  const [program = '', ...args] = command;
  const child = execa(program, args, {
    cwd: directoryOf(spec),
    env: environment,
    extendEnv: false,
    stdin: spec.stdin ? 'pipe' : 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    // A group and a session of its own: it can be killed as a whole, and the terminal's Ctrl-C reaches only us.
    detached: true,
    reject: false,
  });
  // Everything is told by its events.
  child.catch(() => undefined);
  return child;
}

class RunningProcess implements RunningTask {
  readonly stdin: Writable | null;
  readonly drained: Promise<void>;
  readonly #child: Child;
  readonly #pid: number;
  readonly #marker: string;
  readonly #ended: Promise<Ending>;
  readonly #sent = new Set<NodeJS.Signals>();
  #hasEnded = false;
  /** On the terminal, in a session of its own; null where there is none. */
  #command: number | null = null;
  #terminal: TaskTerminal | null = null;

  constructor(child: Child, marker: string, output: OutputSinks) {
    this.#child = child;
    this.#pid = child.pid ?? 0;
    this.#marker = marker;
    this.stdin = child.stdin;
    this.drained = Promise.all([
      pump(child.stdout, output.stdout),
      pump(child.stderr, output.stderr),
    ]).then(() => undefined);
    this.drained.catch(() => undefined);
    this.#ended = this.#awaitExit();
  }

  async ended(): Promise<Ending> {
    return await this.#ended;
  }

  get resize(): RunningTask['resize'] {
    const terminal = this.#terminal;
    return terminal && ((size) => terminal.resize(size));
  }

  /** Resolves once the command is executed on its terminal, or is over. */
  async takeTerminal(stty: string): Promise<void> {
    const endMs = performance.now() + setupLimitMs;
    while (!this.#hasEnded && this.#command === null) {
      if (performance.now() > endMs) throw noTerminalInTime();
      await Promise.race([pauseBetweenLooks(), this.#ended]);
      this.#command = commandOn(this.#pid);
    }
    if (this.#command !== null) this.#terminal = TaskTerminal.of(this.#command, stty);
  }

  kill(signal: NodeJS.Signals): Promise<'sent' | 'already-ended'> {
    if (this.#hasEnded || !this.#send(signal)) return Promise.resolve('already-ended');
    this.#sent.add(signal);
    if (signal === 'SIGKILL') this.#killAll();
    return Promise.resolve('sent');
  }

  destroy(): void {
    this.#killAll();
    this.#terminal?.close();
    this.#terminal = null;
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
    this.#child.stdin?.destroy();
  }

  async #awaitExit(): Promise<Ending> {
    const [code, signal] = (await once(this.#child, 'exit')) as [
      number | null,
      NodeJS.Signals | null,
    ];
    this.#hasEnded = true;
    // When a container's command ends, all its processes do.
    this.#killAll();
    // What makes the terminal tells of a death by a signal as a shell does.
    const named = this.#command === null ? null : sentSignalOf(code ?? 0, this.#sent);
    return endingOf(code, signal ?? named);
  }

  /** To the group; on a terminal to its leader, as an init does, since what makes the terminal is no part of it. */
  #send(signal: NodeJS.Signals): boolean {
    const command = this.#command;
    if (command === null || signal === 'SIGKILL') return sendTo(-this.#pid, signal);
    return isAlive(command) && sendTo(command, signal);
  }

  #killAll(): void {
    if (this.#command !== null) killTree(this.#command, this.#marker);
    killTree(this.#pid, this.#marker);
  }
}

function noTerminalInTime(): SandboxFailure {
  const message = `the command was not on its terminal within ${setupLimitMs / 1000} s`;
  return new SandboxFailure('start-failed', message);
}

function rethrow([error]: unknown[]): never {
  throw error;
}
