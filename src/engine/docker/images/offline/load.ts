import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SandboxFailure } from '../../../../failure.ts';
import { whyUnreadable } from '../../../../spec/unreadable.ts';
import type { CreateContext } from '../../../engine.ts';
import type { DockerApi } from '../../docker-api.ts';
import { engineMessageOf, httpStatusOf } from '../../engine-failure.ts';
import { EngineReport, engineLines } from '../pull/pull-stream.ts';

/** Puts the images of an archive of `docker save`, compressed or not, on the engine; answers their references. */
export async function loadImages(
  api: DockerApi,
  path: string,
  context: CreateContext,
): Promise<readonly string[]> {
  const file = await openArchive(path);
  try {
    const body = file.createReadStream({ start: 0, autoClose: false, signal: context.cancel });
    const answer = await api.send('/images/load?quiet=1', body, context.cancel);
    const references: string[] = [];
    for await (const { stream } of engineLines(answer)) {
      const [, reference] = /^Loaded image(?: ID)?: (\S+)/.exec(stream ?? '') ?? [];
      if (reference !== undefined) references.push(reference);
    }
    context.cancel.throwIfAborted();
    if (references.length === 0) throw noArchive(path, 'the engine found no image in it');
    return references;
  } catch (error) {
    context.cancel.throwIfAborted();
    throw loadFailure(path, error);
  } finally {
    await file.close();
  }
}

/** The first bytes are looked at here: some engines take any other file for an archive without images. */
async function openArchive(path: string): Promise<FileHandle> {
  let file: FileHandle | null = null;
  try {
    // A named pipe would be waited for until somebody writes to it.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (!(await file.stat()).isFile()) throw new Error('it is not a regular file');
    const start = Buffer.alloc(tarMagic.offset + tarMagic.text.length);
    await file.read(start, 0, start.length, 0);
    if (!isArchive(start))
      throw noArchive(path, 'it is neither a tar archive nor a compressed one');
    return file;
  } catch (error) {
    await file?.close();
    if (error instanceof SandboxFailure) throw error;
    throw new SandboxFailure('image-not-loaded', `cannot read ${path}: ${whyUnreadable(error)}`, {
      hint: 'Expected the path of an archive that `docker save` wrote.',
      cause: error,
    });
  }
}

const tarMagic = { offset: 257, text: 'ustar' };
const compressions = ['1f8b', '425a68', 'fd377a585a', '28b52ffd'];

function isArchive(start: Buffer): boolean {
  const hex = start.toString('hex');
  if (compressions.some((magic) => hex.startsWith(magic))) return true;
  return start.subarray(tarMagic.offset).toString('latin1') === tarMagic.text;
}

function loadFailure(path: string, error: unknown): unknown {
  const isAnswer = error instanceof EngineReport || httpStatusOf(error) !== null;
  if (!isAnswer) return error;
  const reason = engineMessageOf(error);
  if (!/no space left|quota exceeded/i.test(reason)) return noArchive(path, reason);
  return new SandboxFailure(
    'image-not-loaded',
    `cannot load ${path}: the engine's disk is full (${reason})`,
    {
      hint: 'Make room with `sandbox image prune` or `docker system prune`, where the engine runs.',
    },
  );
}

function noArchive(path: string, reason: string): SandboxFailure {
  return new SandboxFailure('image-not-loaded', `${path} is no archive of images: ${reason}`, {
    hint: 'Expected what `docker save -o FILE.tar IMAGE` writes. A root file system is another thing: unpack it, then `sandbox image import DIR REFERENCE`.',
  });
}
