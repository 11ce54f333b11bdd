import { type Stats, constants } from 'node:fs';
import { access, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SandboxFailure } from '../failure.ts';

/** Everyone can write to the temporary directory: what somebody else put there under our name is refused. */
export async function ownTemporaryDirectory(parent = tmpdir()): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const base = join(parent, `sandbox-${uid}`);
  const found = (await lstat(base).catch(() => null)) ?? (await made(base));
  const isOurs = found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0;
  if (isOurs || process.platform === 'win32') return base;
  throw new SandboxFailure(
    'start-failed',
    `${base} is not a directory that only you can write to`,
    {
      hint: 'Somebody else may have put it there. Remove it, or set TMPDIR to a place of your own.',
    },
  );
}

async function made(base: string): Promise<Stats> {
  await mkdir(base, { mode: 0o700, recursive: true });
  return await lstat(base);
}

/** The same for every process of this user, whatever its TMPDIR is, as far as /tmp can be used. */
export async function ownSharedDirectory(name: string): Promise<string> {
  try {
    return await directoryBelow(await ownTemporaryDirectory('/tmp'), name);
  } catch {
    return await directoryBelow(await ownTemporaryDirectory(), name);
  }
}

async function directoryBelow(parent: string, name: string): Promise<string> {
  const directory = join(parent, name);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await access(directory, constants.W_OK);
  return directory;
}
