import { existsSync, readFileSync } from 'node:fs';

/** Why bubblewrap cannot be used, and what to do about it. */
export interface Obstacle {
  readonly reason: string;
  readonly remedy: string;
}

const packageRemedy =
  'Install the package bubblewrap (apt-get, dnf, pacman, apk and zypper all call it that).';

export function notInstalled(platform: NodeJS.Platform): Obstacle {
  if (platform === 'linux') return { reason: 'bubblewrap is not installed', remedy: packageRemedy };
  return {
    reason: `bubblewrap needs Linux, and this is ${systemNames[platform] ?? platform}`,
    remedy: 'Install and start Docker: nothing else isolates here.',
  };
}

const systemNames: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'macOS',
  win32: 'Windows',
};

export function tooOld(version: string, oldest: string): Obstacle {
  return {
    reason: `bubblewrap ${version} is too old (${oldest} or later is needed)`,
    remedy: 'Install a newer version of the package bubblewrap.',
  };
}

export function unversioned(said: string): Obstacle {
  return {
    reason: `bubblewrap does not say which version it is: ${firstLine(said)}`,
    remedy: 'Try `bwrap --version` by hand, and install the package bubblewrap anew.',
  };
}

/** What the kernel says about user namespaces; a file that is not there is null. */
export interface KernelSettings {
  readonly unprivilegedUserns: string | null;
  readonly apparmorRestricts: string | null;
  readonly mostUserns: string | null;
  readonly isContainer: boolean;
  readonly isRoot: boolean;
}

/** bubblewrap is there and failed: in words, why. `said` is what it printed. */
export function explainRefusal(said: string, settings = readKernelSettings()): Obstacle {
  return (
    findCause(settings) ?? { reason: `bubblewrap failed: ${firstLine(said)}`, remedy: unknown }
  );
}

const unknown =
  'Try `bwrap --unshare-all --ro-bind / / true` by hand; user namespaces must be allowed for you.';

function findCause(settings: KernelSettings): Obstacle | null {
  if (!settings.isRoot && settings.unprivilegedUserns === '0') {
    return forbidden(
      'kernel.unprivileged_userns_clone=0',
      enable('kernel.unprivileged_userns_clone=1'),
    );
  }
  if (settings.mostUserns === '0') {
    return forbidden('user.max_user_namespaces=0', enable('user.max_user_namespaces=15000'));
  }
  if (!settings.isRoot && settings.apparmorRestricts === '1') {
    return forbidden('kernel.apparmor_restrict_unprivileged_userns=1', apparmorRemedy);
  }
  if (settings.isContainer) {
    return {
      reason: 'user namespaces are forbidden in this container',
      remedy: containerRemedy,
    };
  }
  return null;
}

function forbidden(setting: string, remedy: string): Obstacle {
  return { reason: `user namespaces are forbidden (${setting})`, remedy };
}

function enable(setting: string): string {
  return `Allow them: sudo sysctl -w ${setting} (and in /etc/sysctl.d to keep it).`;
}

const apparmorRemedy =
  'Allow bubblewrap: sudo apt-get install apparmor-profiles && sudo ln -s ' +
  '/usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && sudo systemctl reload apparmor.';

const containerRemedy =
  'Start the outer container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined ' +
  '--security-opt systempaths=unconfined, or run sandbox outside of it.';

function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n');
  return line === '' ? 'it said nothing' : line;
}

function readKernelSettings(): KernelSettings {
  // A filter over all that we do is what container engines set up.
  const isFiltered = /^Seccomp:\t2$/m.test(readOrNull('/proc/self/status') ?? '');
  const isMarked = ['/.dockerenv', '/run/.containerenv'].some((path) => existsSync(path));
  return {
    unprivilegedUserns: readOrNull('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorRestricts: readOrNull('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    mostUserns: readOrNull('/proc/sys/user/max_user_namespaces'),
    isContainer: isFiltered || isMarked,
    isRoot: process.getuid?.() === 0,
  };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
