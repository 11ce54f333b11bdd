import { once } from 'node:events';
import { posix } from 'node:path';
import type { Writable } from 'node:stream';
import { execa } from 'execa';
import { type TaskSpec, workspaceTarget } from '../../spec/task-spec.ts';
import type { Ending, OutputSinks, RunningTask, Sandbox, SandboxFacts } from '../engine.ts';
import { pump } from '../pump.ts';
import { checkWorkdir } from '../workdir.ts';
import { defaultPath } from './find-program.ts';
import { callersName, nameVariables } from './person.ts';
import { endingOf, sentSignalOf, spawnFailure, whyNotRunnable } from './process-outcome.ts';
import { sendTo } from './process-facts.ts';
import { killTree, markerVariable } from './process-tree.ts';
import type { TaskDirectory } from './task-directory.ts';
import { TaskTerminal } from './task-terminal.ts';
import { TerminalWords } from './terminal-words.ts';
import { type Startable, onTerminal, tellsOn } from './terminal-command.ts';
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
    output.prepare();
    try {
      // Not `spawn` alone: it never comes when there is nothing to start.
      await Promise.race([once(child, 'spawn'), once(child, 'error').then(rethrow)]);
    } catch (error) {
      throw spawnFailure(error, program, place);
    }
    this.#running = new RunningProcess({ child, marker: this.#marker, output, programs });
    return this.#running;
  }

  async dispose(): Promise<void> {
    this.#running?.destroy();
    await this.#parts.directory.remove();
  }

  #startable(environment: Record<string, string>): Startable {
    const { spec, programs } = this.#parts;
    const plain = { command: spec.command, environment };
    return spec.tty && programs
      ? onTerminal(plain, { size: spec.tty, programs, tells: true })
      : plain;
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
    // Behind the three is where a command on a terminal tells which process it is (`tellsOn`).
    stdio: [
      spec.stdin ? 'pipe' : 'ignore',
      'pipe',
      'pipe',
      ...(spec.tty ? (['pipe'] as const) : []),
    ],
    buffer: false,
    // A group and a session of its own: it can be killed as a whole, and the terminal's Ctrl-C reaches only us.
    detached: true,
    reject: false,
  });
  // Everything is told by its events.
  child.catch(() => undefined);
  return child;
}

interface RunningParts {
  readonly child: Child;
  readonly marker: string;
  readonly output: OutputSinks;
  readonly programs: TerminalPrograms | null;
}

class RunningProcess implements RunningTask {
  readonly stdin: Writable | null;
  readonly drained: Promise<void>;
  readonly resize: RunningTask['resize'];
  readonly #child: Child;
  readonly #pid: number;
  readonly #marker: string;
  readonly #ended: Promise<Ending>;
  readonly #terminal: TaskTerminal | null;
  readonly #sent = new Set<NodeJS.Signals>();
  #hasEnded = false;

  constructor({ child, marker, output, programs }: RunningParts) {
    this.#child = child;
    this.#pid = child.pid ?? 0;
    this.#marker = marker;
    const words = programs && new TerminalWords();
    const said = pump(child.stderr, words?.sink ?? output.stderr);
    this.drained = Promise.all([pump(child.stdout, output.stdout), said]).then(() => undefined);
    this.drained.catch(() => undefined);
    const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    const parts = { script: this.#pid, over: exited, told: child.stdio[tellsOn] };
    const terminal = programs && new TaskTerminal({ ...parts, stty: programs.stty });
    this.#terminal = terminal;
    this.stdin = terminal && child.stdin ? terminal.keys(child.stdin) : child.stdin;
    this.resize = terminal && ((size) => terminal.resize(size));
    this.#ended = this.#awaitExit(exited).then(async (ending) => {
      await words?.refuse(said);
      return ending;
    });
    this.#ended.catch(() => undefined);
  }

  async ended(): Promise<Ending> {
    return await this.#ended;
  }

  async kill(signal: NodeJS.Signals): Promise<'sent' | 'already-ended'> {
    if (this.#hasEnded || !(await this.#send(signal))) return 'already-ended';
    this.#sent.add(signal);
    if (signal === 'SIGKILL') this.#killAll();
    return 'sent';
  }

  destroy(): void {
    this.#killAll();
    this.#terminal?.close();
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
    this.#child.stdin?.destroy();
  }

  async #awaitExit(
    exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>,
  ): Promise<Ending> {
    const [code, signal] = await exited;
    this.#hasEnded = true;
    await this.#terminal?.known();
    // When a container's command ends, all its processes do.
    this.#killAll();
    // What makes the terminal tells of a death by a signal as a shell does.
    const named = this.#terminal ? sentSignalOf(code ?? 0, this.#sent) : null;
    return endingOf(code, signal ?? named);
  }

  /** To the group, of which the command on a terminal is no part. */
  async #send(signal: NodeJS.Signals): Promise<boolean> {
    if (!this.#terminal || signal === 'SIGKILL') return sendTo(-this.#pid, signal);
    return await this.#terminal.send(signal);
  }

  #killAll(): void {
    const command = this.#terminal?.command ?? null;
    if (command !== null) killTree(command, this.#marker);
    killTree(this.#pid, this.#marker);
  }
}

function rethrow([error]: unknown[]): never {
  throw error;
}
