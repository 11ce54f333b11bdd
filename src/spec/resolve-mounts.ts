import { lookOnce } from './host-answers.ts';
import { type Caller, isInside, mountablePath } from './host-path.ts';
import {
  type MountRequest,
  type TmpfsRequest,
  parseMount,
  parseTmpfs,
  parseVolume,
} from './mount.ts';
import type { Problems } from './problems.ts';
import { type Mount, workspaceTarget } from './task-spec.ts';

export interface MountTexts {
  readonly volumes: readonly string[];
  readonly mounts: readonly string[];
  readonly tmpfs: readonly string[];
}

/** Each with the words that name where it stands. */
export type AskedMounts = Readonly<
  Record<keyof MountTexts, readonly { readonly text: string; readonly origin: string }[]>
>;

/** Everything besides the workspace that the task will see, checked against the host. */
export async function resolveMounts(asked: AskedMounts, caller: Caller, problems: Problems) {
  const requests = [
    ...asked.volumes.map(({ text, origin }) => ({ origin, parse: () => parseVolume(text) })),
    ...asked.mounts.map(({ text, origin }) => ({ origin, parse: () => parseMount(text) })),
  ];
  const mounts: Mount[] = [];
  for (const { origin, parse } of requests) {
    const request = problems.attempt(origin, parse);
    const mount = request && (await resolveMount(origin, { request, caller }, problems));
    if (mount) mounts.push(mount);
  }
  const tmpfs = asked.tmpfs
    .map(({ text, origin }) => problems.attempt(origin, () => parseTmpfs(text)))
    .filter((request): request is TmpfsRequest => request !== undefined);
  checkTargets([...mounts, ...tmpfs], problems);
  return { mounts, tmpfs };
}

async function resolveMount(
  origin: string,
  { request, caller }: { request: MountRequest; caller: Caller },
  problems: Problems,
): Promise<Mount | null> {
  if (request.type === 'volume') return request;
  const look = () =>
    lookOnce(caller, ['mount', request.source], () => mountablePath(request.source, caller));
  const source = await problems.attemptAsync(origin, look);
  if (source === undefined) return null;
  if (kernelTrees.some((tree) => isInside(source, tree))) {
    problems.add(origin, `${source} is the kernel’s own: who can write there commands the host`);
  }
  return { ...request, source };
}

const kernelTrees = ['/proc', '/sys', '/dev'];

function checkTargets(targets: readonly { target: string }[], problems: Problems): void {
  const seen = new Set([workspaceTarget]);
  for (const { target } of targets) {
    if (seen.has(target)) problems.add(target, 'something else is mounted there already');
    if (kernelTrees.some((tree) => isInside(target, tree))) {
      problems.add(target, 'nothing can be mounted over the kernel’s own paths');
    }
    seen.add(target);
  }
}
