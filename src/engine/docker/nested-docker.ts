import type Docker from 'dockerode';
import type { TaskSpec } from '../../spec/task-spec.ts';
import { isRoot } from './container-capabilities.ts';

/** In the image of the profile: starts an engine, waits until it answers, and becomes the command. */
export const nestedDockerEntry = '/usr/local/bin/with-docker';
/** An anonymous volume, which goes with the container: no engine keeps its layers on a read-only or layered root. */
export const nestedDockerData = '/var/lib/docker';

/** What an engine needs of its container, as far as it is not privileged: an engine may not have every privilege to give. */
export interface NestedDockerNeeds {
  readonly capabilities: readonly string[];
  /** Docker's own words for them in `docker run`, besides `systempaths=unconfined`. */
  readonly securityOptions: readonly string[];
  readonly devices: readonly string[];
  readonly tmpfs: Readonly<Record<string, string>>;
}

/** Null where the task has no engine of its own. Any user but root gets a rootless one. */
export function nestedDockerNeeds(spec: TaskSpec, user: string): NestedDockerNeeds | null {
  if (!spec.nestedDocker) return null;
  const isRootless = !isRoot(user);
  return {
    capabilities: isRootless ? mapperCapabilities : engineCapabilities,
    securityOptions: ['seccomp=unconfined', 'apparmor=unconfined', 'label=disable'],
    devices: isRootless ? ['/dev/net/tun'] : [],
    tmpfs: { '/run': 'rw,nosuid,nodev,mode=755,size=16777216' },
  };
}

/** The type declarations do not know all of it. */
type HostConfig = Docker.HostConfig & { readonly CgroupnsMode: string };

/** The same in the words of the API. */
export function nestedDockerConfig(needs: NestedDockerNeeds): HostConfig {
  return {
    // The engine mounts /proc anew, which the kernel refuses where a part of it is covered.
    MaskedPaths: [],
    ReadonlyPaths: [],
    CgroupnsMode: 'private',
    Devices: needs.devices.map((path) => ({
      PathOnHost: path,
      PathInContainer: path,
      CgroupPermissions: 'rw',
    })),
  };
}

/** newuidmap and many programs in nested containers change their user. */
export function withoutNoNewPrivileges(options: readonly string[]): string[] {
  return options.filter((option) => option !== 'no-new-privileges');
}

/** What the caller is told. */
export const nestedDockerWarning =
  'isolation: none. --allow-nested-docker gives the task privileges by which it can leave the sandbox';

export const nestedDockerVolume: Docker.MountSettings = {
  Type: 'volume',
  Source: '',
  Target: nestedDockerData,
};

/** The process itself has none of them: they are for newuidmap and newgidmap, which map the user's own range. */
const mapperCapabilities = ['DAC_OVERRIDE', 'SETGID', 'SETUID', 'SYS_ADMIN'];

const engineCapabilities = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_ADMIN',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_ADMIN',
  'SYS_CHROOT',
  'SYS_PTRACE',
];
