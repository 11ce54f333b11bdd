import { readFile, stat } from 'node:fs/promises';
import { release } from 'node:os';

export type Distribution = 'debian' | 'fedora' | 'wsl' | 'macos' | 'windows' | 'other';

/** What a remedy depends on. */
export interface Platform {
  readonly distribution: Distribution;
  /** An engine's program is there, although none may be running. */
  readonly hasEngineProgram: boolean;
  /** systemd runs services here. */
  readonly hasSystemd: boolean;
}

export async function currentPlatform(): Promise<Platform> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const programs = ['/usr/bin/dockerd', '/usr/local/bin/dockerd', '/usr/sbin/dockerd'];
  const [hasSystemd, ...found] = await Promise.all(
    ['/run/systemd/system', ...programs].map(isThere),
  );
  return {
    distribution: distributionOf({ platform: process.platform, kernel: release(), osRelease }),
    hasEngineProgram: found.includes(true),
    hasSystemd: hasSystemd === true,
  };
}

export function distributionOf(facts: {
  readonly platform: NodeJS.Platform;
  readonly kernel: string;
  readonly osRelease: string;
}): Distribution {
  if (facts.platform === 'darwin') return 'macos';
  if (facts.platform === 'win32') return 'windows';
  if (/microsoft/i.test(facts.kernel)) return 'wsl';
  const names = [...facts.osRelease.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)];
  const words = names.flatMap(([, value = '']) => value.split(' '));
  if (words.includes('debian') || words.includes('ubuntu')) return 'debian';
  if (words.includes('fedora') || words.includes('rhel')) return 'fedora';
  return 'other';
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
