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

/** Everything besides the workspace that the task will see, checked against the host. */
export async function resolveMounts(texts: MountTexts, caller: Caller, problems: Problems) {
  const requests = [
    ...texts.volumes.map((text) => ({ flag: '--volume', parse: () => parseVolume(text) })),
    ...texts.mounts.map((text) => ({ flag: '--mount', parse: () => parseMount(text) })),
  ];
  const mounts: Mount[] = [];
  for (const { flag, parse } of requests) {
    const request = problems.attempt(flag, parse);
    const mount = request && (await resolveMount(flag, { request, caller }, problems));
    if (mount) mounts.push(mount);
  }
  const tmpfs = texts.tmpfs
    .map((text) => problems.attempt('--tmpfs', () => parseTmpfs(text)))
    .filter((request): request is TmpfsRequest => request !== undefined);
  checkTargets([...mounts, ...tmpfs], problems);
  return { mounts, tmpfs };
}

async function resolveMount(
  flag: string,
  { request, caller }: { request: MountRequest; caller: Caller },
  problems: Problems,
): Promise<Mount | null> {
  if (request.type === 'volume') return request;
  const look = () =>
    lookOnce(caller, ['mount', request.source], () => mountablePath(request.source, caller));
  const source = await problems.attemptAsync(flag, look);
  if (source === undefined) return null;
  if (kernelTrees.some((tree) => isInside(source, tree))) {
    problems.add(flag, `${source} is the kernel’s own: who can write there commands the host`);
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
