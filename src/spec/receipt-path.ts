import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf } from '../failure.ts';
import { lookOnce } from './host-answers.ts';
import { type Caller, isInside } from './host-path.ts';
import type { Problems } from './problems.ts';
import type { EffectiveSettings } from './resolve-settings.ts';
import type { Mount } from './task-spec.ts';

interface Place {
  readonly settings: EffectiveSettings;
  readonly id: string;
  readonly mounts: readonly Mount[];
  readonly caller: Caller;
}

/** Where the receipt goes: beside the workspace, or where the caller said, never where the task can write. */
export async function resolveReceiptPath(place: Place, problems: Problems): Promise<string | null> {
  const { settings, mounts, caller } = place;
  if (settings.workspacePath === null) return null;
  const asked = await askedPath(place, settings.workspacePath);
  const directory = dirname(asked);
  await refusePlantedLink(directory, place, problems);
  const real = await lookOnce(caller, ['nearest', directory], () => nearestRealPath(directory));
  const path = join(real, basename(asked));
  const writable = mounts.filter((mount) => mount.type === 'bind' && !mount.readOnly);
  const inTask = [settings.workspacePath, ...writable.map((mount) => mount.source)];
  if (inTask.some((directory) => isInside(path, directory))) {
    problems.add(
      subjectOf(settings),
      `expected a path that the task cannot write to, got "${path}"`,
    );
  }
  return path;
}

/** What put it there, or can move it away. */
function subjectOf({ values, origins }: EffectiveSettings): string {
  if (values.receipt !== null) return origins.receipt;
  return values.receiptDir === null ? 'SANDBOX_RECEIPT_DIR' : origins.receiptDir;
}

/** Where a run with these settings would leave its receipt; null where the workspace is among the problems. */
export async function resolveReceiptDirectory(
  place: Omit<Place, 'mounts'>,
  problems: Problems,
): Promise<string | null> {
  const { workspacePath } = place.settings;
  if (workspacePath === null) return null;
  const directory = dirname(await askedPath(place, workspacePath));
  await refusePlantedLink(directory, place, problems);
  return directory;
}

/** A task whose workspace was the directory above could have put it there. */
async function refusePlantedLink(
  directory: string,
  { settings, caller }: Omit<Place, 'mounts'>,
  problems: Problems,
): Promise<void> {
  const isDefault = settings.values.receipt === null && settings.values.receiptDir === null;
  const isLink = () => lookOnce(caller, ['link', directory], () => isSymlink(directory));
  if (!isDefault || !(await isLink())) return;
  problems.add(
    'receipt',
    `expected a directory at ${directory}, found a symlink: remove it, or set SANDBOX_RECEIPT_DIR`,
  );
}

async function askedPath(
  { settings, id, caller }: Omit<Place, 'mounts'>,
  workspace: string,
): Promise<string> {
  const { cwd } = caller;
  const { receipt, receiptDir } = settings.values;
  const fileName = `${id}.json`;
  if (receipt !== null) {
    const path = resolve(cwd, receipt);
    return (await isReceiptDirectory(receipt, caller)) ? join(path, fileName) : path;
  }
  if (receiptDir !== null) return join(resolve(cwd, receiptDir), fileName);
  return join(`${workspace}.receipts`, fileName);
}

/** Whether `--receipt` names a directory for receipts, rather than a file for one. */
export async function isReceiptDirectory(text: string, caller: Caller): Promise<boolean> {
  if (text.endsWith('/')) return true;
  const path = resolve(caller.cwd, text);
  return await lookOnce(caller, ['directory', path], () => isDirectory(path));
}

async function isSymlink(path: string): Promise<boolean> {
  return await lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The real path of a directory that may not exist yet. */
export async function nearestRealPath(directory: string): Promise<string> {
  try {
    return await realpath(directory);
  } catch (error) {
    const parent = dirname(directory);
    if (errnoOf(error) !== 'ENOENT' || parent === directory) return directory;
    return join(await nearestRealPath(parent), basename(directory));
  }
}
