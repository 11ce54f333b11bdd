import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { TaskCgroup } from './cgroup.ts';
import type { BubblewrapCommand } from './bubblewrap-arguments.ts';
import { inheritedFds } from './inherited-fds.ts';
import { pauseBetweenLooks } from '../timer.ts';
import { childrenOf, readProcess, readQuietly } from './process-facts.ts';
import type { StandardStreams } from './standard-streams.ts';
import { StatusReport } from './status-report.ts';

/** Standard streams, then the status, then bubblewrap's arguments, then its data. */
const statusFd = 3;
const argumentsFd = 4;
export const firstDataFd = 5;

/** Setting up takes milliseconds; this is for a host that hangs. */
export const setupLimitMs = 10_000;

export interface LaunchInput {
  readonly bubblewrapPath: string;
  readonly bubblewrap: BubblewrapCommand;
  readonly command: readonly string[];
  readonly cgroup: TaskCgroup | null;
  readonly streams: StandardStreams;
}

/**
 * Constant: all that varies comes as an argument. It makes itself a member of the cgroups before anything else of
 * the task exists, turns core dumps off, and becomes bubblewrap.
 */
const script =
  'ulimit -c 0 || exit 1; while [ "$1" != -- ]; do echo 0 > "$1" || exit 1; shift; done; shift; exec "$@"';

/** One bubblewrap process with a task in it. */
export class Launch {
  readonly child: ChildProcess;
  readonly streams: StandardStreams;
  readonly status: StatusReport;
  /** Resolves with how bubblewrap itself ended. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Of the first process in the sandbox, so that it is never mistaken for another one. */
  #initStartTime: string | null = null;
  #hasExited = false;

  constructor({ bubblewrapPath, bubblewrap, command, cgroup, streams }: LaunchInput) {
    const [program = '', ...args] = [
      ...(cgroup?.launcher ?? []),
      ...['/bin/sh', '-c', script, 'sandbox', ...(cgroup?.joinFiles ?? []), '--'],
      ...[bubblewrapPath, '--json-status-fd', String(statusFd), '--args', String(argumentsFd)],
      ...['--', ...command],
    ];
    const inputs = [
      Buffer.from(bubblewrap.args.map((arg) => `${arg}\0`).join('')),
      ...bubblewrap.data,
    ];
    const nothing = openSync('/dev/null', 'r+');
    this.child = spawn(program, args, {
      cwd: '/',
      // Nothing of the task's: a variable such as LD_PRELOAD would work outside of the sandbox here.
      env: { PATH: '/usr/bin:/bin', ...cgroup?.environment },
      // The terminal's Ctrl-C is to reach only us.
      detached: true,
      stdio: covering(nothing, [...streams.childFds, 'pipe', ...inputs.map(() => 'pipe' as const)]),
    });
    closeSync(nothing);
    streams.closeChildFds();
    this.streams = streams;
    const own = this.child.stdio;
    this.status = new StatusReport(own[statusFd] as Readable);
    this.exited = this.#awaitExit();
    this.exited.catch(() => undefined);
    for (const [index, content] of inputs.entries()) {
      feed(own[argumentsFd + index] as Writable, content);
    }
  }

  get initStartTime(): string | null {
    return this.#initStartTime;
  }

  get hasExited(): boolean {
    return this.#hasExited;
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

type Stdio = 'pipe' | 'ignore' | number;

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
