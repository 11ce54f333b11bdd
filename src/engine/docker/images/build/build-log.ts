import { createWriteStream } from 'node:fs';
import { chmod, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { directoryVariable, homeDirectory } from '../../../../spec/variables.ts';
import { ownTemporaryDirectory } from '../../../own-directory.ts';

const keptLogs = 20;
/** A step that writes without end must not fill the caller's disk. */
const mostBytes = 64 * 1024 ** 2;

/** All that was said during one build. */
export class BuildLog {
  readonly path: string;
  readonly #stream: Writable;
  #bytes = 0;
  #failure: Error | null = null;

  private constructor(path: string, stream: Writable) {
    this.path = path;
    this.#stream = stream;
    // A disk that is full does not end a build; the end of the output is in the failure, too.
    stream.on('error', (error) => (this.#failure = error));
  }

  static async create(profile: string, env: NodeJS.ProcessEnv = process.env): Promise<BuildLog> {
    const directory = await logDirectory(env);
    await prune(directory);
    const time = new Date().toISOString().replace(/[:.]/g, '-');
    const path = join(directory, `${time}-${profile}-${process.pid}.log`);
    const file = await open(path, 'wx', 0o600);
    return new BuildLog(path, createWriteStream(path, { fd: file }));
  }

  /** A promise asks to wait before the next one. */
  async write(text: string): Promise<void> {
    if (this.#failure || this.#bytes > mostBytes) return;
    this.#bytes += text.length;
    const isLast = this.#bytes > mostBytes;
    const plain = withoutColours(text);
    const shown = isLast ? `${plain}\n[sandbox: the rest is left out]\n` : plain;
    if (!this.#stream.write(shown)) await drained(this.#stream);
  }

  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream).catch(() => undefined);
  }
}

/** An engine colours what came from stderr. */
export function withoutColours(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '');
}

async function drained(stream: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = () => {
      stream.off('drain', go).off('close', go);
      resolve();
    };
    stream.on('drain', go).on('close', go);
  });
}

/** Where the home cannot be written to, as in many a container, beside our locks. */
async function logDirectory(env: NodeJS.ProcessEnv): Promise<string> {
  const state =
    directoryVariable(env, 'XDG_STATE_HOME') ?? join(homeDirectory(env), '.local/state');
  try {
    return await privateDirectory(join(state, 'sandbox', 'builds'));
  } catch {
    return await privateDirectory(join(await ownTemporaryDirectory(), 'build-logs'));
  }
}

async function privateDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  return path;
}

/** Their names begin with the time, so the oldest come first. */
async function prune(directory: string): Promise<void> {
  const logs = (await readdir(directory)).filter((name) => name.endsWith('.log')).sort();
  const tooMany = logs.slice(0, Math.max(0, logs.length - keptLogs + 1));
  await Promise.all(tooMany.map((name) => unlink(join(directory, name)).catch(() => undefined)));
}
