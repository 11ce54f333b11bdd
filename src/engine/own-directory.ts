import { type Stats, constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SandboxFailure } from '../failure.ts';
import { makeDirectory } from '../spec/make-directory.ts';
import { whyUnwritable } from '../spec/unwritable.ts';

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
  try {
    await makeDirectory(base);
    return await lstat(base);
  } catch (cause) {
    throw unusable(base, cause);
  }
}

function unusable(directory: string, cause: unknown): SandboxFailure {
  const message = `cannot make or use the directory ${directory}: ${whyUnwritable(cause, {})}`;
  const hint = 'Set TMPDIR to a directory that you can write to.';
  return new SandboxFailure('start-failed', message, { hint, cause });
}

/** The same for every process of this user, whatever its TMPDIR is, as far as /tmp can be used. */
export async function ownSharedDirectory(name: string): Promise<string> {
  try {
    return await writableBelow(await ownTemporaryDirectory('/tmp'), name);
  } catch {
    return await writableBelow(await ownTemporaryDirectory(), name);
  }
}

async function writableBelow(parent: string, name: string): Promise<string> {
  const directory = await ownSubdirectory(parent, name);
  await access(directory, constants.W_OK).catch((cause: unknown) => {
    throw unusable(directory, cause);
  });
  return directory;
}

/** Made where it is not there. */
export async function ownSubdirectory(parent: string, name: string): Promise<string> {
  const directory = join(parent, name);
  await makeDirectory(directory).catch((cause: unknown) => {
    throw unusable(directory, cause);
  });
  return directory;
}
