import type { Readable } from 'node:stream';
import { SandboxFailure } from '../../../../failure.ts';
import type { CreateContext } from '../../../engine.ts';
import type { DockerApi } from '../../docker-api.ts';
import { engineMessageOf, httpStatusOf } from '../../engine-failure.ts';
import { directoryArchive } from './import-archive.ts';
import { EngineReport, engineLines } from '../pull/pull-stream.ts';
import { splitReference } from '../pull/registry-reference.ts';

/**
 * Makes an image of a directory that is a root file system. Owners are taken as numbers, as they are there, which
 * are the right ones only where root unpacked it.
 */
export async function importDirectory(
  api: DockerApi,
  { path, reference }: { readonly path: string; readonly reference: string },
  context: CreateContext,
): Promise<{ readonly id: string }> {
  if (process.getuid?.() !== 0) {
    context.warn(
      `only root can unpack and read a root file system with its owners; those in ${path} are kept as they are`,
    );
  }
  const archive = await directoryArchive(path, context);
  return await importArchive(api, { archive, reference, changes: [] }, context);
}

export interface ArchiveToImport {
  /** A tar archive of a root file system. */
  readonly archive: Readable;
  readonly reference: string;
  /** Lines of a Dockerfile. */
  readonly changes: readonly string[];
}

export async function importArchive(
  api: DockerApi,
  { archive, reference, changes }: ArchiveToImport,
  context: CreateContext,
): Promise<{ readonly id: string }> {
  const { fromImage: repo, tag } = splitReference(reference);
  const query = new URLSearchParams([
    ['fromSrc', '-'],
    ['repo', repo],
    ['tag', tag ?? ''],
    ...changes.map((change): [string, string] => ['changes', change]),
  ]);
  try {
    const answer = await api.send(`/images/create?${query.toString()}`, archive, context.cancel);
    let id: string | null = null;
    for await (const { status } of engineLines(answer)) {
      if (status !== undefined && /^sha256:[0-9a-f]{64}$/.test(status)) id = status;
    }
    context.cancel.throwIfAborted();
    if (id === null) throw new EngineReport('the engine does not say what it made');
    return { id };
  } catch (error) {
    context.cancel.throwIfAborted();
    throw importFailure(reference, archive.errored ?? error);
  } finally {
    archive.destroy();
  }
}

function importFailure(reference: string, error: unknown): unknown {
  const isAnswer = error instanceof EngineReport || httpStatusOf(error) !== null;
  if (!isAnswer) return error;
  const reason = engineMessageOf(error);
  return new SandboxFailure('image-not-loaded', `cannot make the image "${reference}": ${reason}`, {
    hint: 'Check its name (lower case, no digest) and the disk of the engine.',
    cause: error,
  });
}
