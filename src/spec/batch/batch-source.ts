import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { SandboxFailure } from '../../failure.ts';
import type { BatchFormat } from '../choices.ts';
import { whyUnreadable } from '../unreadable.ts';
import { batchName } from './batch-ids.ts';

/** The text of a batch and where it came from. */
export interface BatchSource {
  /** Null for standard input. */
  readonly path: string | null;
  /** As messages call it. */
  readonly title: string;
  /** What ids are made of: that of the file without its ending, or `batch`. */
  readonly name: string;
  /** What the summary is called after, and no other file beside it: the whole name, or `batch`. */
  readonly fullName: string;
  /** Null: by the ending of the file, then by looking. */
  readonly format: BatchFormat | null;
  readonly text: string;
}

export interface BatchPlace {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly cwd: string;
  readonly stdin: AsyncIterable<Buffer | string>;
}

/** What one string of V8 and the memory of one process hold with ease. */
const mostBytes = 256 * 1024 ** 2;

/**
 * Reads a batch file, or standard input. Rejects with a SandboxFailure (`invalid-settings`) what is not there, no
 * file, no text in UTF-8 or larger than 256 MiB.
 */
export async function readBatchSource(
  { file, cwd, stdin }: BatchPlace,
  format: BatchFormat | null,
): Promise<BatchSource> {
  if (file === '-') {
    const title = 'standard input';
    const text = textOf(await collected(stdin, title), title);
    return { path: null, title, name: unnamed, fullName: unnamed, format, text };
  }
  const path = resolve(cwd, file);
  const { bytes, isRegular } = await fileAt(path, file);
  // What a shell hands over as a file (/dev/fd/63) has another name each time.
  const fullName = isRegular ? basename(path) : unnamed;
  const name = isRegular ? batchName(fullName) : unnamed;
  return { path, title: file, name, fullName, format, text: textOf(bytes, file) };
}

const unnamed = 'batch';

async function fileAt(path: string, title: string) {
  try {
    const file = await open(path, 'r');
    try {
      const found = await file.stat();
      if (found.isDirectory()) throw unreadable(title, 'it is a directory');
      if (found.size > mostBytes) throw tooLarge(title);
      const bytes = await collected(file.createReadStream({ autoClose: false }), title);
      return { bytes, isRegular: found.isFile() };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof SandboxFailure) throw error;
    throw unreadable(title, whyUnreadable(error), error);
  }
}

/** A pipe may go on for ever. */
async function collected(stream: AsyncIterable<Buffer | string>, title: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > mostBytes) throw tooLarge(title);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function textOf(bytes: Buffer, title: string): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const found = isUtf16 ? 'UTF-16' : 'another encoding, or no text at all';
  throw unreadable(title, `expected text in UTF-8, found ${found}`);
}

function tooLarge(title: string): SandboxFailure {
  return unreadable(title, `it is larger than ${mostBytes / 1024 ** 2} MiB: split it`);
}

function unreadable(title: string, reason: string, cause?: unknown): SandboxFailure {
  return new SandboxFailure('invalid-settings', `cannot read the batch ${title}: ${reason}`, {
    hint: 'Give the path of a file with tasks, or - for standard input.',
    cause,
  });
}
