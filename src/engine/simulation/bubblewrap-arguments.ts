import { posix } from 'node:path';
import { isInside } from '../../spec/host-path.ts';
import type { Person } from './person.ts';
import type { ViewEntry } from './sandbox-view.ts';

/** What this bubblewrap can do beyond what every supported one can. */
export interface BubblewrapFeatures {
  /** 0.8 and later: the task cannot make user namespaces. */
  readonly disableUserns: boolean;
  /** 0.7 and later. */
  readonly tmpfsSize: boolean;
}

export interface BubblewrapInput {
  readonly features: BubblewrapFeatures;
  readonly person: Person;
  readonly view: readonly ViewEntry[];
  readonly directory: string;
  readonly writableRoot: boolean;
  readonly sharesNetwork: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly seccomp: Buffer | null;
}

export interface BubblewrapCommand {
  /** For `--args`, so that no value is seen in a list of processes. The command is not among them. */
  readonly args: readonly string[];
  /** What is to be read from the descriptors from `firstDataFd` on. */
  readonly data: readonly Buffer[];
}

/** What bubblewrap is asked for. Descriptors from `firstDataFd` on must hold `data`. */
export function bubblewrapArguments(
  input: BubblewrapInput,
  firstDataFd: number,
): BubblewrapCommand {
  const { features, person, view, environment, seccomp } = input;
  const data: Buffer[] = [];
  const fdOf = (content: Buffer) => String(firstDataFd + data.push(content) - 1);
  const args = [
    ...['--unshare-all', '--unshare-user', ...(input.sharesNetwork ? ['--share-net'] : [])],
    ...(features.disableUserns ? ['--disable-userns'] : []),
    ...['--uid', String(person.uid), '--gid', String(person.gid)],
    ...['--cap-drop', 'ALL', '--new-session', '--die-with-parent', '--hostname', 'sandbox'],
    '--clearenv',
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...directoriesBetween(view).flatMap((path) => ['--perms', '0755', '--dir', path]),
    ...view.flatMap((entry) => mountArguments(entry, { features, fdOf })),
    ...readOnlyTargets(input).flatMap((target) => ['--remount-ro', target]),
    ...(seccomp ? ['--seccomp', fdOf(seccomp)] : []),
    ...['--chdir', input.directory],
  ];
  return { args, data };
}

/** Above what is mounted: made by the way they would be closed to everyone else wherever one file in them is. */
function directoriesBetween(view: readonly ViewEntry[]): string[] {
  const isMounted = (path: string) => view.some(({ target }) => isInside(path, target));
  const above = new Set(view.flatMap(({ target }) => parentsOf(target)));
  return [...above].filter((path) => !isMounted(path)).sort();
}

/** All but the root, the outermost first. */
function parentsOf(path: string): string[] {
  const parent = posix.dirname(path);
  return parent === '/' ? [] : [...parentsOf(parent), parent];
}

/**
 * /proc as a whole: a root caller's task owns what is below /proc/sys in the eyes of the kernel, which asks for no
 * capability there, and /proc/sys/kernel/core_pattern starts programs on the host.
 */
function readOnlyTargets({ view, writableRoot }: BubblewrapInput): string[] {
  const kinds = ['hidden-directory', 'proc', 'dev'];
  const targets = view.filter(({ kind }) => kinds.includes(kind)).map(({ target }) => target);
  return writableRoot ? targets : [...targets, '/'];
}

interface MountContext {
  readonly features: BubblewrapFeatures;
  readonly fdOf: (content: Buffer) => string;
}

function mountArguments(entry: ViewEntry, { features, fdOf }: MountContext): string[] {
  const { target } = entry;
  switch (entry.kind) {
    case 'bind':
      return [entry.readOnly ? '--ro-bind' : '--bind', entry.source, target];
    case 'symlink':
      return ['--symlink', entry.to, target];
    case 'memory': {
      // 0 is "as much as there is", as the kernel has it.
      const isSized = features.tmpfsSize && entry.sizeBytes > 0;
      const size = isSized ? ['--size', String(entry.sizeBytes)] : [];
      return ['--perms', '1777', ...size, '--tmpfs', target];
    }
    case 'file':
      return ['--perms', entry.mode.toString(8), '--ro-bind-data', fdOf(entry.content), target];
    case 'hidden-file':
      return ['--ro-bind', '/dev/null', target];
    case 'hidden-directory':
      return ['--tmpfs', target];
    case 'proc':
      return ['--proc', target];
    case 'dev':
      return ['--dev', target];
    default:
      return entry satisfies never;
  }
}
