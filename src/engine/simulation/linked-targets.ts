import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { SandboxFailure } from '../../failure.ts';
import { isInside } from '../../spec/host-path.ts';
import type { ViewEntry } from './sandbox-view.ts';

/**
 * A mount in a directory of the host needs a place there, which bubblewrap makes where it is missing; by way of a
 * symlink, which an earlier task may have planted, it would make it anywhere. Throws a SandboxFailure
 * (`start-failed`) that names the link.
 */
export function refuseLinkedTargets(view: readonly ViewEntry[]): void {
  for (const [index, { target }] of view.entries()) {
    // What is mounted later is not there yet.
    const below = view.slice(0, index).findLast((entry) => isInside(target, entry.target));
    if (below?.kind !== 'bind') continue;
    const link = linkOnTheWay(below.source, posix.relative(below.target, target));
    if (link === null) continue;
    throw new SandboxFailure('start-failed', `${target} leads through the symlink ${link}`, {
      hint: 'Remove the link, or show what was to be mounted there at another place.',
    });
  }
}

function linkOnTheWay(directory: string, path: string): string | null {
  let place = directory;
  for (const part of path.split('/')) {
    place = posix.join(place, part);
    const found = lstatSync(place, { throwIfNoEntry: false });
    if (!found) return null;
    if (found.isSymbolicLink()) return place;
  }
  return null;
}
