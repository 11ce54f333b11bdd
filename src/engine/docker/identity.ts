import { SandboxFailure, messageOf } from '../../failure.ts';
import { isInside } from '../../spec/host-path.ts';
import { type Mount, type TaskSpec, workspaceTarget } from '../../spec/task-spec.ts';
import { defaultHome, scratchSpaces } from '../scratch-space.ts';
import { workdirFailure } from '../workdir.ts';
import type { ContainerFiles, RealPath } from './container-files.ts';
import type { DockerApi } from './docker-api.ts';
import { IdentityFiles } from './identity-files.ts';
import { type AccountFile, type Accounts, nameUser } from './identity-lines.ts';
import { lookIntoImage } from './image-probe.ts';

/** What lets a program find out who it runs as. */
export interface Identity {
  /** For USER and LOGNAME; null where nobody can tell. */
  readonly name: string | null;
  /** The image's own files of accounts with the line that they lack. */
  readonly mounts: readonly Mount[];
}

interface Question {
  readonly spec: TaskSpec;
  readonly user: string;
  readonly imageId: string;
  /** False where the image or a volume has to be asked whether the working directory is there. */
  readonly isWorkdirSeen: boolean;
}

/**
 * Gives a user that the image does not know a name and a home: ssh, git and others refuse to work without. What the
 * image says of its users is read once. Throws where the working directory is not in the image: the
 * engine would make it.
 */
export async function identify(api: DockerApi, question: Question): Promise<Identity> {
  const { spec, user, imageId, isWorkdirSeen } = question;
  // Without a place of our own the image is asked each time, and nothing can be shown.
  const store = await IdentityFiles.open().catch(() => null);
  const known = store?.recall(imageId) ?? null;
  const accounts =
    known && isWorkdirSeen
      ? known
      : await lookIntoImage(api, question, async (files) => {
          if (!isWorkdirSeen) await refuseMissing(files, spec);
          return known ?? (await readAccounts(files, spec.image));
        });
  if (!known) attempt(() => store?.remember(imageId, accounts));
  const named = nameUser(user, accounts, spec.environment.HOME ?? defaultHome);
  // A file that is mounted cannot be replaced, which is what programs that add users do.
  const mayMount = !spec.writableRoot && api.sharesFiles();
  const shown = mayMount ? showable(spec, named.changed) : [];
  return { name: named.name, mounts: attempt(() => store && mountsOf(store, shown)) ?? [] };
}

async function refuseMissing(files: ContainerFiles, spec: TaskSpec): Promise<void> {
  const found = await files.realPath(spec.workdir);
  if (found?.kind === 'directory') return;
  const isThere = found !== null && found.kind !== 'missing';
  throw workdirFailure(spec, isThere ? 'is not a directory' : `is not in the image ${spec.image}`);
}

const mostBytes = 256 * 1024;

/** Both are looked at before either is read: to answer what is in a file, an engine opens these two by itself. */
async function readAccounts(files: ContainerFiles, image: string): Promise<Accounts> {
  const found = await Promise.all([
    findAccounts(files, '/etc/passwd', image),
    findAccounts(files, '/etc/group', image),
  ]);
  const [passwd = null, group = null] = await Promise.all(found.map((one) => read(files, one)));
  return { passwd, group };
}

async function findAccounts(
  files: ContainerFiles,
  path: string,
  image: string,
): Promise<RealPath | null> {
  const found = await files.realPath(path);
  if (found?.kind === 'other') throw notAFile(path, image);
  return found;
}

/** The engine opens it before it starts a task, and would wait for ever for who writes into a pipe. */
function notAFile(path: string, image: string): SandboxFailure {
  return new SandboxFailure(
    'start-failed',
    `expected ${path} of the image ${image} to be a file, found a pipe, socket or device`,
    { hint: 'No engine can start a task in it: mend the image, or choose another with --image.' },
  );
}

/** Null where it is no file or larger than any that was written by hand. */
async function read(files: ContainerFiles, found: RealPath | null): Promise<AccountFile | null> {
  if (found?.kind === 'missing') return { path: found.path, text: '' };
  if (found?.kind !== 'file') return null;
  const content = await files.head(found.path, mostBytes + 1);
  return content.length > mostBytes ? null : { path: found.path, text: content.toString('latin1') };
}

const kernelTrees = ['/proc', '/sys', '/dev'];

/** What the caller mounts comes first, and a mount must not land in something of the caller's. */
function showable(spec: TaskSpec, changed: readonly AccountFile[]): AccountFile[] {
  const taken = [
    ...[workspaceTarget, ...kernelTrees],
    ...[...spec.mounts, ...scratchSpaces(spec)].map(({ target }) => target),
  ];
  return changed.filter(({ path }) => !taken.some((one) => isInside(path, one)));
}

function mountsOf(store: IdentityFiles, shown: readonly AccountFile[]): Mount[] {
  return shown.map(({ path, text }) => {
    return { type: 'bind', source: store.mountable(text), target: path, readOnly: true };
  });
}

/** A full disk is no reason not to run. */
function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

/**
 * The same without what an engine says it cannot see: it may run behind another file system than ours, and a task
 * without a name is better than none. Null where the failure is another one.
 */
export function withoutUnseen(identity: Identity, error: unknown): Identity | null {
  const isAbout = ({ source }: Mount) => messageOf(error).includes(source);
  return identity.mounts.some(isAbout) ? { ...identity, mounts: [] } : null;
}
