import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ownTemporaryDirectory } from '../../engine/own-directory.ts';
import { randomName } from '../../spec/random-name.ts';

export type StreamName = 'stdout' | 'stderr';

interface Piece {
  readonly stream: StreamName;
  readonly offset: number;
  readonly length: number;
}

/** Output that has to wait for its turn: on disk, in a file without a name, so that nothing is left of it. */
export class OutputSpool {
  #file: FileHandle | null = null;
  #size = 0;
  readonly #pieces = new Map<number, Piece[]>();

  async keep(key: number, { stream, chunk }: { stream: StreamName; chunk: Buffer }): Promise<void> {
    this.#file ??= await namelessFile();
    const piece = { stream, offset: this.#size, length: chunk.length };
    await writeWhole(this.#file, chunk, piece.offset);
    this.#size += chunk.length;
    const pieces = this.#pieces.get(key);
    if (pieces) pieces.push(piece);
    else this.#pieces.set(key, [piece]);
  }

  /** What was kept under a key, in its order, once. */
  async *take(key: number): AsyncGenerator<{ stream: StreamName; chunk: Buffer }> {
    const pieces = this.#pieces.get(key) ?? [];
    this.#pieces.delete(key);
    for (const { stream, offset, length } of pieces) {
      const chunk = Buffer.alloc(length);
      await this.#file?.read(chunk, 0, length, offset);
      yield { stream, chunk };
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

async function namelessFile(): Promise<FileHandle> {
  const path = join(await ownTemporaryDirectory(), `output-${randomName(6)}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

/** A full disk may take a part and say so only at the next one. */
async function writeWhole(file: FileHandle, chunk: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const left = chunk.length - done;
    done += (await file.write(chunk, done, left, offset + done)).bytesWritten;
  }
}
