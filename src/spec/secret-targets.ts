import { isInside } from './host-path.ts';
import type { Problems } from './problems.ts';
import { type TaskSpec, secretsTarget } from './task-spec.ts';

/** Secrets would be written into somebody else's directory, or be hidden, or have other files beside them. */
export function checkSecretTargets(
  { secrets, mounts, tmpfs }: Pick<TaskSpec, 'secrets' | 'mounts' | 'tmpfs'>,
  problems: Problems,
): void {
  if (secrets.length === 0) return;
  const covering = mounts.filter(({ target }) => isInside(secretsTarget, target));
  const within = [...mounts, ...tmpfs].filter(({ target }) => isInside(target, secretsTarget));
  for (const { target } of new Set([...covering, ...within])) {
    problems.add(
      '--secret',
      `nothing can be mounted at ${target}: ${secretsTarget} is for secrets`,
    );
  }
}
