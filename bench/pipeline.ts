import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finished, runProgram } from './process.ts';
import type { Bench } from './row.ts';

export interface Piped extends Finished {
  /** The most memory that the program itself held at one time; null where the kernel does not tell. */
  readonly peakMb: number | null;
}

export interface Pipe {
  /** A shell line; what it prints is answered as `stdout`. */
  readonly reader: string;
  /** Of the program before the pipe. */
  readonly exitCode?: number;
}

// A shell makes it, since Node's own pipes to a child are sockets. The inner one becomes the program, so that it has
// its process id.
const script = `
pid=$1 code=$2 reader=$3
shift 3
{ sh -c 'echo $$ >"$0"; exec "$@"' "$pid" "$@"; echo $? >"$code"; } | sh -c "$reader"
`;

const lookMs = 20;

/** Runs a program whose output goes into a pipe, from its start until the reader has ended. */
export async function runPiped(
  bench: Bench,
  argv: readonly string[],
  { reader, exitCode = 0 }: Pipe,
): Promise<Piped> {
  const [pidFile, codeFile] = ['pid', 'code'].map((name) => join(bench.scratch, name)) as [
    string,
    string,
  ];
  await Promise.all([pidFile, codeFile].map((path) => rm(path, { force: true })));
  const peak = new PeakMemory(pidFile);
  const finished = await runProgram(
    ['sh', '-c', script, 'sh', pidFile, codeFile, reader, ...argv],
    {
      cwd: bench.workspace,
      wantsOutput: true,
    },
  ).finally(() => peak.stop());
  const code = Number(await readFile(codeFile, 'utf8'));
  if (code === exitCode) return { ...finished, peakMb: peak.megabytes };
  throw new Error(`expected exit code ${exitCode} of ${argv.join(' ').slice(0, 200)}, got ${code}`);
}

/** Polls the kernel's own high-water mark, which misses only what grows after the last look. */
class PeakMemory {
  megabytes: number | null = null;
  readonly #pidFile: string;
  readonly #timer: NodeJS.Timeout;

  constructor(pidFile: string) {
    this.#pidFile = pidFile;
    this.#timer = setInterval(() => void this.#look(), lookMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      const pid = Number(await readFile(this.#pidFile, 'utf8'));
      const found = highWaterMarkMb(await readFile(`/proc/${pid}/status`, 'utf8'));
      if (found !== null) this.megabytes = Math.max(this.megabytes ?? 0, found);
    } catch {
      // Not started yet, or ended already.
    }
  }
}

/** Of /proc/PID/status, in 10^6 bytes. */
export function highWaterMarkMb(status: string): number | null {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? null : (Number(kib) * 1024) / 1e6;
}
