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
import { endingOf, spawnFailure } from './process-outcome.ts';
import { sendTo } from './process-facts.ts';
import { killTree, markerVariable } from './process-tree.ts';
import type { TaskDirectory } from './task-directory.ts';
import { randomName } from '../../spec/random-name.ts';

interface ProcessParts {
  readonly spec: TaskSpec;
  readonly directory: TaskDirectory;
  readonly facts: SandboxFacts;
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
    const { spec } = this.#parts;
    await checkWorkdir(spec);
    const environment = this.#environment();
    const child = spawn(spec, environment);
    output.prepare();
    try {
      // Not `spawn` alone: it never comes when there is nothing to start.
      await Promise.race([once(child, 'spawn'), once(child, 'error').then(rethrow)]);
    } catch (error) {
      const place = { cwd: directoryOf(spec), path: environment.PATH ?? defaultPath };
      throw spawnFailure(error, spec.command[0] ?? '', place);
    }
    this.#running = new RunningProcess(child, this.#marker, output);
    return this.#running;
  }

  async dispose(): Promise<void> {
    this.#running?.destroy();
    await this.#parts.directory.remove();
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

function spawn(spec: TaskSpec, environment: Record<string, string>) {
  const [program = '', ...args] = spec.command;
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
  readonly resize = null;
  readonly #child: Child;
  readonly #pid: number;
  readonly #marker: string;
  readonly #ended: Promise<Ending>;
  #hasEnded = false;

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

  kill(signal: NodeJS.Signals): Promise<'sent' | 'already-ended'> {
    if (this.#hasEnded || !sendTo(-this.#pid, signal)) return Promise.resolve('already-ended');
    if (signal === 'SIGKILL') killTree(this.#pid, this.#marker);
    return Promise.resolve('sent');
  }

  destroy(): void {
    killTree(this.#pid, this.#marker);
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
    killTree(this.#pid, this.#marker);
    return endingOf(code, signal);
  }
}

function rethrow([error]: unknown[]): never {
  throw error;
}
