import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Headers, Pack } from 'tar-stream';
import { SandboxFailure, messageOf } from '../../../../failure.ts';
import { type FoundEntry, type Leftovers, entriesOf } from './import-entries.ts';

interface Surroundings {
  readonly cancel: AbortSignal;
  readonly warn: (message: string) => void;
}

/** A tar archive of all that is in a directory, made as it is read. It breaks where something cannot be read. */
export async function directoryArchive(path: string, context: Surroundings): Promise<Readable> {
  const root = await rootOf(path);
  const { default: tar } = await import('tar-stream');
  const archive = tar.pack();
  // The library's own stream does not say why it broke.
  const output = new PassThrough();
  archive.pipe(output);
  output.on('close', () => archive.destroy());
  // It may break before anybody listens, who then finds it broken.
  output.on('error', () => undefined);
  fill(archive, root, context).then(
    () => archive.finalize(),
    (error: unknown) => {
      output.destroy(unreadable(path, error));
    },
  );
  return output;
}

async function rootOf(path: string): Promise<string> {
  try {
    const root = await realpath(path);
    if (!(await stat(root)).isDirectory()) throw new Error('it is not a directory');
    if (root === '/') throw new Error("it is this machine's own root");
    return root;
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function fill(archive: Pack, root: string, { cancel, warn }: Surroundings): Promise<void> {
  const links = new Map<string, string>();
  const leftovers: Leftovers = { special: [], mounts: [], unnamed: [] };
  for await (const entry of entriesOf(root, leftovers)) {
    cancel.throwIfAborted();
    await add(archive, entry, links);
  }
  for (const kind of Object.keys(what) as (keyof Leftovers)[]) {
    const names = leftovers[kind];
    if (names.length > 0) warn(`left out ${names.length} ${what[kind]}: ${sample(names)}`);
  }
}

const what: Readonly<Record<keyof Leftovers, string>> = {
  special: 'devices, pipes and sockets',
  mounts: 'directories with another file system on them',
  unnamed: 'files whose names or link targets are not UTF-8',
};

function sample(names: readonly string[]): string {
  return [...names.slice(0, 3), ...(names.length > 3 ? ['…'] : [])].join(', ');
}

async function add(
  archive: Pack,
  { name, path, stats, target }: FoundEntry,
  links: Map<string, string>,
): Promise<void> {
  const header = headerOf(name, stats);
  const key = `${stats.dev}:${stats.ino}`;
  const first = stats.isFile() && stats.nlink > 1 ? links.get(key) : undefined;
  if (stats.isDirectory()) {
    await addBare(archive, { ...header, type: 'directory' });
  } else if (target !== null) {
    await addBare(archive, { ...header, type: 'symlink', linkname: target });
  } else if (first !== undefined) {
    await addBare(archive, { ...header, type: 'link', linkname: first });
  } else {
    links.set(key, name);
    await addFile(archive, { ...header, type: 'file', size: stats.size }, { path, key });
  }
}

/** What the classic fields of the format can hold; the rest is written beside them. */
const mostClassicId = 0o777777;
/** As they are written here. Engines take what was before 1970 for 1970, too. */
const lastTimeMs = (2 ** 31 - 1) * 1000;

function headerOf(
  name: string,
  { mode, mtimeMs, uid, gid }: FoundEntry['stats'],
): Headers & { pax?: Record<string, string> } {
  const mtime = new Date(Math.min(Math.max(mtimeMs, 0), lastTimeMs));
  const header = { name, mode: mode & 0o7777, mtime, uid, gid };
  if (Math.max(uid, gid) <= mostClassicId) return header;
  return { ...header, pax: { uid: String(uid), gid: String(gid) } };
}

/** With an empty content, since the library waits for that of a file otherwise. */
async function addBare(archive: Pack, header: Headers): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    archive.entry(header, Buffer.alloc(0), (error) => settle(error, { resolve, reject }));
  });
}

/** What was listed and what is opened must be the same file, else a link would be followed after all. */
async function addFile(
  archive: Pack,
  header: Headers & { size: number },
  { path, key }: { path: string; key: string },
): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const now = await file.stat();
    if (`${now.dev}:${now.ino}` !== key || now.size !== header.size) {
      throw new Error(`${path} was changed while it was read`);
    }
    if (header.size === 0) await addBare(archive, header);
    else await addContent(archive, header, file);
  } finally {
    await file.close();
  }
}

async function addContent(archive: Pack, header: Headers & { size: number }, file: FileHandle) {
  await new Promise<void>((resolve, reject) => {
    const entry = archive.entry(header, (error) => settle(error, { resolve, reject }));
    const content = file.createReadStream({ start: 0, end: header.size - 1, autoClose: false });
    pipeline(content, entry).catch(reject);
  });
}

interface Settling {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function settle(error: Error | null | undefined, { resolve, reject }: Settling): void {
  if (error) reject(error);
  else resolve();
}

function unreadable(path: string, error: unknown): SandboxFailure {
  return new SandboxFailure('image-not-loaded', `cannot import ${path}: ${messageOf(error)}`, {
    hint: 'Expected a directory that holds a root file system and that nobody changes meanwhile; as root, all of it can be read.',
    cause: error,
  });
}
