import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../failure.ts';

/** How long somebody may take to begin to write to a pipe. */
const patienceMs = 5_000;
const lookAgainMs = 20;
const chunkBytes = 64 * 1024;

interface Reading {
  readonly mostBytes: number;
  readonly cancel?: AbortSignal;
  readonly patienceMs?: number;
}

/**
 * A file that the caller named, which may be a pipe as in `<(pass show key)`. One that nobody writes to is given up:
 * waiting for it in `open` could not be ended, not even by a signal. Reads no more than one byte beyond the most.
 */
export async function readCallersFile(path: string, reading: Reading): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const found = await file.stat();
    if (found.isFIFO()) return await readPipe(file, reading);
    const chunks: Buffer[] = [];
    const stream = file.createReadStream({ end: reading.mostBytes, autoClose: false });
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

async function readPipe(file: FileHandle, reading: Reading): Promise<Buffer> {
  const { mostBytes, cancel, patienceMs: waitMs = patienceMs } = reading;
  const endMs = performance.now() + waitMs;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (let hasWriter = false; bytes <= mostBytes;) {
    const chunk = await readNow(file);
    if (chunk === null || chunk.length > 0) hasWriter = true;
    if (chunk !== null && chunk.length === 0 && hasWriter) break;
    if (chunk !== null && chunk.length > 0) {
      chunks.push(chunk);
      bytes += chunk.length;
      continue;
    }
    if (!hasWriter && performance.now() > endMs) throw new Error('nobody writes to this pipe');
    await delay(lookAgainMs, undefined, cancel ? { signal: cancel } : {});
  }
  return Buffer.concat(chunks);
}

/** Null where there is nothing yet; no bytes where nobody writes, or not any more. */
async function readNow(file: FileHandle): Promise<Buffer | null> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return null;
    throw error;
  }
}
