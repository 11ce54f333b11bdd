import { type BubblewrapFeatures, bubblewrapArguments } from './bubblewrap-arguments.ts';
import {
  type Obstacle,
  explainRefusal,
  notInstalled,
  tooOld,
  unversioned,
} from './bubblewrap-obstacle.ts';
import { ProvenOnce } from './proven-once.ts';
import { hostProgram } from './host-program.ts';
import { readHostView } from './host-view.ts';
import { currentPerson } from './person.ts';
import { runProgram } from './run-program.ts';
import type { ViewEntry } from './sandbox-view.ts';

export interface Bubblewrap {
  readonly path: string;
  readonly version: string;
  readonly features: BubblewrapFeatures;
}

const probeLimitMs = 5_000;
/** `--perms` and `--clearenv` came with it. */
const oldestVersion = [0, 5] as const;

/**
 * Whether bubblewrap is here and works for this caller, or why it does not. `isTried`: it is tried in any case, also
 * where it has worked before.
 */
export async function findBubblewrap({ isTried = false } = {}): Promise<Bubblewrap | Obstacle> {
  if (process.platform !== 'linux') return notInstalled(process.platform);
  const path = hostProgram('bwrap');
  if (path === null) return notInstalled(process.platform);
  const memory = await ProvenOnce.open(path);
  const proven = isTried ? null : (memory?.recall() ?? null);
  if (proven) return { path, ...proven };
  const found = await tryBubblewrap(path);
  if ('path' in found) memory?.remember(found);
  else memory?.forget();
  return found;
}

/** After a task that could not be started, although bubblewrap had worked before. */
export async function forgetBubblewrap({ path }: Bubblewrap): Promise<void> {
  (await ProvenOnce.open(path))?.forget();
}

async function tryBubblewrap(path: string): Promise<Bubblewrap | Obstacle> {
  const run = (command: readonly string[]) => runProgram(command, { limitMs: probeLimitMs });
  // The newest is tried at once, so that the version need not be waited for.
  const [told, newest] = await Promise.all([
    run([path, '--version']),
    run([path, ...probeArguments(newestFeatures)]),
  ]);
  const version = /(\d+)\.(\d+)(\.\d+)*/.exec(told.said)?.[0];
  if (version === undefined) return unversioned(told.said);
  if (newest.exitCode === 0) return { path, version, features: newestFeatures };
  if (!isAtLeast(version, oldestVersion)) return tooOld(version, oldestVersion.join('.'));
  // A setuid bubblewrap cannot disable user namespaces, whatever its version.
  const features = { disableUserns: false, tmpfsSize: isAtLeast(version, [0, 7]) };
  const older = await run([path, ...probeArguments(features)]);
  return older.exitCode === 0 ? { path, version, features } : explainRefusal(older.said);
}

const newestFeatures: BubblewrapFeatures = { disableUserns: true, tmpfsSize: true };

/** A task that does nothing, in a sandbox like the one that a task gets. */
function probeArguments(features: BubblewrapFeatures): string[] {
  const own: ViewEntry[] = [
    { kind: 'proc', target: '/proc' },
    { kind: 'dev', target: '/dev' },
    { kind: 'memory', target: '/tmp', sizeBytes: 1024 ** 2 },
  ];
  const input = {
    features,
    person: currentPerson(),
    view: [...readHostView({ network: false }).system, ...own],
    directory: '/',
    writableRoot: false,
    sharesNetwork: false,
    environment: {},
    seccomp: null,
  };
  return [...bubblewrapArguments(input, 0).args, '--', '/bin/sh', '-c', ':'];
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [foundMajor = 0, foundMinor = 0] = version.split('.').map(Number);
  return foundMajor > major || (foundMajor === major && foundMinor >= minor);
}
