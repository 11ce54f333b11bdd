import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import * as v from 'valibot';
import { type Receipt, receiptSchema } from '../../src/receipt/receipt.ts';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

/** The program under test; SANDBOX_TEST_PROGRAM names another one, such as dist/sandbox. */
export const binPath = resolve(projectRoot, process.env.SANDBOX_TEST_PROGRAM ?? 'bin/sandbox.js');

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** What to put before the program: other surroundings. */
  readonly prefix?: readonly string[];
}

/** Starts the real program, with no SANDBOX_* or DOCKER_* variable of whoever runs the tests. */
export function startCli(
  args: readonly string[],
  { cwd, env = {}, input, prefix = [] }: CliOptions,
) {
  const [program = binPath, ...words] = [...prefix, binPath, ...args];
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SANDBOX|DOCKER|CONTAINER)_/.test(name)),
  );
  return execa(program, words, {
    cwd,
    // A config file of whoever runs the tests must not decide them.
    env: { ...inherited, XDG_CONFIG_HOME: '/nonexistent', ...env },
    extendEnv: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    ...(input === undefined ? {} : { input }),
  });
}

export interface CliResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
  readonly stderrBytes: Buffer;
}

export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return await finished(startCli(args, options));
}

/** Without `input` standard input is empty, so that nothing is forwarded by accident. */
export async function finished(running: ReturnType<typeof startCli>): Promise<CliResult> {
  const { exitCode, stdout, stderr } = await running;
  const [stdoutBytes, stderrBytes] = [Buffer.from(stdout), Buffer.from(stderr)];
  return {
    exitCode,
    stdoutBytes,
    stderrBytes,
    stdout: stdoutBytes.toString(),
    stderr: stderrBytes.toString(),
  };
}

/** Reads and validates a receipt. */
export async function readReceipt(path: string): Promise<Receipt> {
  return v.parse(receiptSchema, JSON.parse(await readFile(path, 'utf8')));
}

/** Resolves once the stream has printed the text. */
export async function printed(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  let seen = '';
  await new Promise<void>((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes(text)) resolve();
    });
    stream.on('end', () => reject(new Error(`ended without printing "${text}": "${seen}"`)));
  });
}
