import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errnoOf } from '../failure.ts';
import { lookOnce } from './host-answers.ts';
import { type Caller, isInside } from './host-path.ts';
import type { Problems } from './problems.ts';
import type { EffectiveSettings } from './resolve-settings.ts';
import { type Mount, writableSources } from './task-spec.ts';

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
  const inTask = [settings.workspacePath, ...writableSources(mounts)];
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

/** A directory for receipts, or a file for one. */
export interface AskedPlace {
  readonly path: string;
  readonly isDirectory: boolean;
}

type Asking = Pick<Place, 'settings' | 'caller'>;

/** Where runs with these settings leave their receipts; null where the workspace is among the problems. */
export async function askedPlace(asking: Asking, problems: Problems): Promise<AskedPlace | null> {
  const { workspacePath } = asking.settings;
  if (workspacePath === null) return null;
  const place = await placeFor(asking, workspacePath);
  await refusePlantedLink(place.path, asking, problems);
  return place;
}

/** A task whose workspace was the directory above could have put it there. */
async function refusePlantedLink(
  directory: string,
  { settings, caller }: Asking,
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

async function askedPath(asking: Asking & Pick<Place, 'id'>, workspace: string): Promise<string> {
  const { path, isDirectory } = await placeFor(asking, workspace);
  return isDirectory ? join(path, `${asking.id}.json`) : path;
}

async function placeFor({ settings, caller }: Asking, workspace: string): Promise<AskedPlace> {
  const { receipt, receiptDir } = settings.values;
  if (receipt !== null) {
    const path = resolve(caller.cwd, receipt);
    return { path, isDirectory: await isReceiptDirectory(receipt, caller) };
  }
  const path = receiptDir === null ? `${workspace}.receipts` : resolve(caller.cwd, receiptDir);
  return { path, isDirectory: true };
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
