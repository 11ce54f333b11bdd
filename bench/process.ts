import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Finished {
  readonly exitCode: number;
  readonly wallMs: number;
  readonly stdout: string;
}

export interface Expectation {
  readonly cwd?: string;
  /** 0 unless told. */
  readonly exitCode?: number;
  /** False: it is thrown away, which is what is timed. */
  readonly wantsOutput?: boolean;
  readonly onStart?: (pid: number) => void;
}

/**
 * Runs a program with empty input from its start to its end; throws where it does not end as it should, since the
 * time of a failure says nothing.
 */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  { cwd, exitCode: expected = 0, wantsOutput = false, onStart }: Expectation = {},
): Promise<Finished> {
  const startMs = performance.now();
  const child = spawn(program, args, {
    stdio: ['ignore', wantsOutput ? 'pipe' : 'ignore', 'pipe'],
    env: plainEnvironment(),
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (child.pid !== undefined) onStart?.(child.pid);
  const output = child.stdout ? text(child.stdout) : Promise.resolve('');
  const errors = child.stderr ? text(child.stderr) : Promise.resolve('');
  const { exitCode, endMs } = await new Promise<{ exitCode: number; endMs: number }>(
    (resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => resolve({ exitCode: code ?? -1, endMs: performance.now() }));
    },
  );
  const [stdout, stderr] = await Promise.all([output, errors]);
  if (exitCode === expected) return { exitCode, wallMs: endMs - startMs, stdout };
  throw new Error(
    `expected exit code ${expected} of ${program} ${args.join(' ').slice(0, 200)}, got ${exitCode}: ${JSON.stringify(stderr.slice(-500))}`,
  );
}

export async function wallMsOf(
  argv: readonly string[],
  expected: Expectation = {},
): Promise<number> {
  return (await runProgram(argv, expected)).wallMs;
}

/** Nobody's own settings decide a benchmark. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(
    ([name]) => !/^(SANDBOX|DOCKER|CONTAINER|NODE|npm)_/.test(name),
  );
  return { ...Object.fromEntries(ours), XDG_CONFIG_HOME: '/nonexistent' };
}
