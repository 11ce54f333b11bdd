import { posix } from 'node:path';
import { isInside } from '../../spec/host-path.ts';
import type { Secret } from '../../spec/secret.ts';
import { type TaskSpec, secretsTarget, workspaceTarget } from '../../spec/task-spec.ts';
import { defaultHome, scratchSpaces } from '../scratch-space.ts';
import { type Person, taskName } from './person.ts';

/** One thing that the task finds in its file system. Everything else is not there. */
export type ViewEntry = { readonly target: string } & (
  | { readonly kind: 'bind'; readonly source: string; readonly readOnly: boolean }
  | { readonly kind: 'symlink'; readonly to: string }
  | { readonly kind: 'memory'; readonly sizeBytes: number }
  | { readonly kind: 'file'; readonly content: Buffer; readonly mode: number }
  | { readonly kind: 'hidden-file' }
  | { readonly kind: 'hidden-directory' }
  | { readonly kind: 'proc' }
  | { readonly kind: 'dev' }
);

/** What the host has to offer, looked up once. */
export interface HostView {
  /** System directories and their symlinks, and what programs need of /etc. */
  readonly system: readonly ViewEntry[];
  /** Kernel files under /proc that tell of the host or of other users. */
  readonly hidden: readonly ViewEntry[];
}

/** As in a container, so that a program that fills it fails alike. */
const sharedMemoryBytes = 64 * 1024 ** 2;

/** TaskSpec × host → everything that the task sees, in the order in which it is to be mounted. */
export function sandboxView(
  spec: TaskSpec,
  { host, person, secrets }: { host: HostView; person: Person; secrets: readonly Secret[] },
): ViewEntry[] {
  const given = spec.mounts.map(({ source, target, readOnly }): ViewEntry => ({
    kind: 'bind',
    source,
    target,
    readOnly,
  }));
  const scratch = scratchSpaces(spec).map((space): ViewEntry => ({ kind: 'memory', ...space }));
  const chosen = [...given, ...scratch];
  const own: ViewEntry[] = [
    ...host.system,
    ...identityFiles(person, spec.environment.HOME ?? defaultHome),
    { kind: 'proc', target: '/proc' },
    ...host.hidden,
    { kind: 'dev', target: '/dev' },
    { kind: 'memory', target: '/dev/shm', sizeBytes: sharedMemoryBytes },
  ];
  // What the caller put in a place of ours takes that place, as it does in a container.
  const left = own.filter(({ target }) => !chosen.some((one) => isInside(target, one.target)));
  return [...left, ...chosen, workspaceEntry(spec), ...secrets.map(secretEntry)].sort(byDepth);
}

/** Mounted last where it would hide what lies in it, so parents come before what is in them. */
function byDepth(a: ViewEntry, b: ViewEntry): number {
  return depth(a.target) - depth(b.target);
}

function depth(path: string): number {
  return path.split('/').length;
}

function workspaceEntry({ workspace, workspaceMode }: TaskSpec): ViewEntry {
  const readOnly = workspaceMode === 'ro';
  return { kind: 'bind', source: workspace, target: workspaceTarget, readOnly };
}

function secretEntry({ name, value }: Secret): ViewEntry {
  return {
    kind: 'file',
    target: posix.join(secretsTarget, name),
    content: value,
    mode: 0o400,
  };
}

/** The host's own would name its users. */
function identityFiles(person: Person, home: string): ViewEntry[] {
  const { uid, gid } = person;
  const group = gid === 0 ? 'root' : 'sandbox';
  const lines = {
    '/etc/passwd': [
      `${taskName(person)}:x:${uid}:${gid}::${/[:\n]/.test(home) ? '/' : home}:/bin/sh`,
      'nobody:x:65534:65534:nobody:/nonexistent:/bin/false',
    ],
    '/etc/group': [`${group}:x:${gid}:`, 'nogroup:x:65534:'],
    '/etc/hosts': ['127.0.0.1 localhost sandbox', '::1 localhost sandbox'],
    '/etc/hostname': ['sandbox'],
  };
  return Object.entries(lines).map(([target, text]) => ({
    kind: 'file',
    target,
    content: Buffer.from(`${text.join('\n')}\n`),
    mode: 0o444,
  }));
}
