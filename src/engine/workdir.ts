import { lstat, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { SandboxFailure, errnoOf } from '../failure.ts';
import { isInside } from '../spec/host-path.ts';
import { type TaskSpec, workspaceTarget } from '../spec/task-spec.ts';
import { scratchSpaces } from './scratch-space.ts';

/** Where a part of what the task sees comes from: a directory of this host, or something that it cannot look into. */
interface Place {
  readonly target: string;
  readonly kind: 'host' | 'volume' | 'memory';
  readonly source: string;
}

/** What stands at the working directory; `unseen` where that is the image's or a volume's business. */
type Found = 'directory' | 'other' | 'missing' | 'leads-out' | 'unseen';

const mostLinks = 40;

/**
 * Refuses a working directory of which this host can tell that it is not there: an engine would make it, as root
 * and in the caller's workspace. False where only the engine can see it. While a copy of the workspace is still
 * filling nothing is said of what is in it.
 */
export async function checkWorkdir(spec: TaskSpec, { isFilled = true } = {}): Promise<boolean> {
  if (spec.workdir === workspaceTarget) return true;
  const found = await lookForWorkdir(spec, isFilled);
  if (found === 'unseen') return false;
  if (found !== 'directory') throw workdirFailure(spec, reasons[found]);
  return true;
}

const reasons = {
  missing: 'does not exist',
  other: 'is not a directory',
  'leads-out': 'leads out of the workspace or mount that it is in, by a symlink',
};

export function workdirFailure({ workdir }: TaskSpec, reason: string): SandboxFailure {
  return new SandboxFailure('start-failed', `the working directory ${workdir} ${reason}`, {
    hint: 'Make it first, or choose another with --workdir. Nothing was started.',
  });
}

async function lookForWorkdir(spec: TaskSpec, isFilled: boolean): Promise<Found> {
  const { workdir } = spec;
  const places = placesOf(spec);
  // The engine makes what a mount stands in.
  if (places.some(({ target }) => isInside(target, workdir))) return 'directory';
  const place = placeOf(places, workdir);
  if (!place || place.kind === 'volume') return 'unseen';
  if (place.target === workspaceTarget && !isFilled) return 'directory';
  return place.kind === 'memory' ? 'missing' : await walk(places, workdir);
}

function placesOf(spec: TaskSpec): Place[] {
  return [
    { target: workspaceTarget, kind: 'host', source: spec.workspace },
    ...spec.mounts.map(({ type, source, target }): Place => {
      return { target, kind: type === 'bind' ? 'host' : 'volume', source };
    }),
    ...scratchSpaces(spec).map(({ target }): Place => ({ target, kind: 'memory', source: '' })),
  ];
}

/** The innermost one is on top. */
function placeOf(places: readonly Place[], path: string): Place | undefined {
  return places
    .filter(({ target }) => isInside(path, target))
    .sort((a, b) => a.target.length - b.target.length)
    .at(-1);
}

/** Goes down link by link as the task would, so that no link is followed to where only this host leads. */
async function walk(places: readonly Place[], path: string): Promise<Found> {
  let wanted = path;
  for (let links = 0; links <= mostLinks; links += 1) {
    const place = placeOf(places, wanted);
    if (place?.kind !== 'host') return 'leads-out';
    const step = await firstLink(place, wanted);
    if (typeof step === 'string') return step;
    wanted = step.leadsTo;
  }
  return 'missing';
}

/** The first symlink on the way, and where the whole path leads by it. */
async function firstLink(place: Place, path: string): Promise<Found | { leadsTo: string }> {
  let rest = posix.relative(place.target, path).split('/');
  let done = '';
  while (rest.length > 0 && rest[0] !== '') {
    done = posix.join(done, rest[0] ?? '');
    rest = rest.slice(1);
    const onHost = posix.join(place.source, done);
    try {
      const found = await lstat(onHost);
      if (found.isSymbolicLink()) {
        const parent = posix.dirname(posix.join(place.target, done));
        return { leadsTo: posix.resolve(parent, await readlink(onHost), ...rest) };
      }
      if (!found.isDirectory()) return 'other';
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return 'missing';
      // What we may not look at, the task may.
      return errnoOf(error) === 'ENOTDIR' ? 'other' : 'directory';
    }
  }
  return 'directory';
}
