import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { TaskCgroup } from './cgroup.ts';
import type { BubblewrapCommand } from './bubblewrap-arguments.ts';
import { inheritedFds } from './inherited-fds.ts';
import { pauseBetweenLooks } from '../timer.ts';
import { LastWords } from './last-words.ts';
import { childrenOf, readProcess, readQuietly } from './process-facts.ts';
import { PipeMaker } from './pipe-maker.ts';
import { OpenPipes, type PipePaths, type StandardStreams } from './standard-streams.ts';
import { StatusReport } from './status-report.ts';

/** After the standard streams: the status, bubblewrap's arguments, what only the shell uses, bubblewrap's data. */
const statusFd = 3;
const argumentsFd = 4;
const pipeFds = [5, 6, 7] as const;
export const firstDataFd = 8;

/** Setting up takes milliseconds; this is for a host that hangs. */
const setupLimitMs = 10_000;

export interface LaunchInput {
  readonly bubblewrapPath: string;
  readonly bubblewrap: BubblewrapCommand;
  readonly command: readonly string[];
  readonly cgroup: TaskCgroup | null;
  readonly wantsInput: boolean;
}

/**
 * Constant: all that varies comes as an argument or is told. First it has three pipes: real ones, as in a container,
 * since what Node.js makes are sockets, and nobody can open /dev/stdout where that is one. Node.js cannot make a pipe,
 * and a named one would block whoever opens it late; most shells make one of a here-document. Then it makes itself a
 * member of the cgroups, for which the kernel takes its time, turns core dumps off, and becomes bubblewrap as soon as
 * it is told to: nothing of the task exists before. Whoever should tell it may be dead: then it ends.
 */
const script = `exec 5<<. 6<<. 7<<.

.

.

.
read line <&5 && read line <&6 && read line <&7 || exit 1
if [ -p /proc/self/fd/5 ]; then echo pipes; else echo files; fi >&3
read input output error <&3 || exit 1
exec 0<"$input" 1>"$output" 2>"$error" 5<&- 6<&- 7<&- || exit 1
echo connected >&3
ulimit -c 0 || exit 1
while [ "$1" != -- ]; do echo 0 > "$1" || exit 1; shift; done; shift
read line <&3 || exit 1
exec "$@"`;

/** One bubblewrap process with a task in it. */
export class Launch {
  readonly child: ChildProcess;
  /** Rejects where there is nothing to start bubblewrap with. */
  readonly streams: Promise<StandardStreams>;
  readonly status: StatusReport;
  /** Resolves with how bubblewrap itself ended. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** What was said of what stands in the way before the task had a standard error of its own. */
  readonly #complaint: LastWords;
  /** Of the first process in the sandbox, so that it is never mistaken for another one. */
  #initStartTime: string | null = null;
  #hasExited = false;

  constructor({ bubblewrapPath, bubblewrap, command, cgroup, wantsInput }: LaunchInput) {
    const [program = '', ...args] = [
      ...(cgroup?.launcher ?? []),
      ...['/bin/sh', '-c', script, 'sandbox', ...(cgroup?.joinFiles ?? []), '--'],
      ...[bubblewrapPath, '--json-status-fd', String(statusFd), '--args', String(argumentsFd)],
      ...['--', ...command],
    ];
    this.child = withNothing((nothing) =>
      spawn(program, args, {
        cwd: '/',
        // Nothing of the task's: a variable such as LD_PRELOAD would work outside of the sandbox here.
        env: { PATH: '/usr/bin:/bin', ...cgroup?.environment },
        // The terminal's Ctrl-C is to reach only us.
        detached: true,
        stdio: covering(nothing, [
          ...firstStdio,
          ...pipeFds.map(() => nothing),
          ...bubblewrap.data.map(() => 'pipe' as const),
        ]),
      }),
    );
    const { stderr: errors, stdio: own } = this.child;
    this.status = new StatusReport(own[statusFd] as Readable);
    this.exited = this.#awaitExit();
    this.exited.catch(() => undefined);
    this.#complaint = new LastWords(errors);
    this.streams = this.#connect(wantsInput);
    this.streams.catch(() => undefined);
    this.#feed(bubblewrap);
  }

  get initStartTime(): string | null {
    return this.#initStartTime;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Lets bubblewrap begin. */
  begin(): void {
    this.#tell('begin');
  }

  /**
   * Resolves once the command has been executed, with its pid by the host's count; with null where it is over
   * already or never came to it, which the status tells apart. Rejects where it takes too long.
   */
  async commandPid(): Promise<number | null> {
    const endMs = performance.now() + setupLimitMs;
    // The kernel offers no event for "has been executed".
    while (!this.#hasExited) {
      const pid = this.#executed();
      if (pid !== null) return pid;
      if (performance.now() > endMs) throw new Error(`not set up within ${setupLimitMs / 1000} s`);
      await Promise.race([pauseBetweenLooks(), this.exited]);
    }
    return null;
  }

  /** It is a copy of bubblewrap's first process until it becomes the command. */
  #executed(): number | null {
    const init = this.status.initPid;
    if (init === null) return null;
    this.#initStartTime ??= readProcess(init)?.startTime ?? null;
    const [pid] = childrenOf(init);
    if (pid === undefined) return null;
    const [own, copied] = [pid, init].map((one) => readQuietly(`/proc/${one}/cmdline`));
    return own !== copied && own !== '' && readProcess(pid)?.parent === init ? pid : null;
  }

  async #connect(wantsInput: boolean): Promise<StandardStreams> {
    const kind = await this.status.word('pipes', 'files');
    if (kind === 'files') {
      const maker = new PipeMaker();
      return await this.#connectTo(await maker.paths(), wantsInput).finally(() => maker.close());
    }
    if (kind === null)
      throw new Error((await this.#complaint.all()).trim() || 'no shell could be started');
    return await this.#connectTo(pipePathsOf(this.child.pid ?? 0), wantsInput);
  }

  async #connectTo(paths: PipePaths, wantsInput: boolean): Promise<StandardStreams> {
    const ours = new OpenPipes(paths, { stdin: wantsInput });
    const [input, output, error] = paths;
    this.#tell(`${wantsInput ? input : '/dev/null'} ${output} ${error}`);
    if ((await this.status.word('connected')) !== null) return ours.streams();
    ours.close();
    throw new Error('no pipes could be made for the task');
  }

  #feed({ args, data }: BubblewrapCommand): void {
    const { stdio } = this.child;
    feed(stdio[argumentsFd] as Writable, Buffer.from(args.map((arg) => `${arg}\0`).join('')));
    for (const [index, content] of data.entries())
      feed(stdio[firstDataFd + index] as Writable, content);
  }

  #tell(line: string): void {
    (this.child.stdio[statusFd] as Writable).write(`${line}\n`);
  }

  async #awaitExit() {
    const spawned = once(this.child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    try {
      const [code, signal] = await spawned;
      return { code, signal };
    } finally {
      this.#hasExited = true;
    }
  }
}

function pipePathsOf(pid: number): PipePaths {
  const pathOf = (fd: number) => `/proc/${pid}/fd/${fd}`;
  const [input, output, error] = pipeFds;
  return [pathOf(input), pathOf(output), pathOf(error)];
}

type Stdio = 'pipe' | 'ignore' | number;

/** The standard ones are the shell's own, until it has those of the task. */
const firstStdio: readonly Stdio[] = ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'];

/** With a descriptor that leads nowhere. */
function withNothing<T>(work: (nothing: number) => T): T {
  const nothing = openSync('/dev/null', 'r+');
  try {
    return work(nothing);
  } finally {
    closeSync(nothing);
  }
}

/** Descriptors that others left open lead nowhere in the child. */
function covering(nothing: number, own: readonly Stdio[]): Stdio[] {
  const all = [...own];
  for (const fd of inheritedFds()) {
    while (all.length <= fd) all.push('ignore');
    if (fd >= own.length) all[fd] = nothing;
  }
  return all;
}

function feed(stream: Writable, content: Buffer): void {
  // Whoever ends before it has read everything says so in its exit status.
  stream.on('error', () => undefined);
  stream.end(content);
}
