import {
  type Stats,
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { posix } from 'node:path';
import type { HostView, ViewEntry } from './sandbox-view.ts';

const systemDirectories = words('/usr /bin /sbin /lib /lib32 /lib64 /libx32 /libexec /opt');

/**
 * What programs need of /etc; no accounts, no keys, no settings that may hold a password. Of /etc/ssl and
 * /etc/pki only the certificates, since private keys lie beside them.
 */
const configuration = words(
  'alternatives bash.bashrc bashrc ca-certificates ca-certificates.conf crypto-policies debian_version',
  'environment.d fonts gai.conf groff host.conf inputrc ld.so.cache ld.so.conf ld.so.conf.d lsb-release',
  'locale.alias locale.conf localtime magic magic.mime mime.types nsswitch.conf os-release',
  'pki/ca-trust pki/java pki/tls/cert.pem pki/tls/certs pki/tls/openssl.cnf profile profile.d protocols',
  'redhat-release rpc services sgml shells ssl/cert.pem ssl/certs ssl/openssl.cnf system-release terminfo',
  'timezone xml alpine-release fedora-release',
);
/** Of programming languages, by version. */
const configurationPattern = /^(java|jvm|python3|perl|php|ruby|ghc|R|maven)([-.\d]|$)/;

const hiddenFiles = words(
  'kcore keys key-users kmsg kpagecgroup kpagecount kpageflags latency_stats pagetypeinfo sched_debug',
  'slabinfo sysrq-trigger timer_list timer_stats vmallocinfo',
);
const hiddenDirectories = words('acpi asound scsi');

function words(...lines: string[]): string[] {
  return lines.flatMap((line) => line.split(' '));
}

/** What of this host a task may see. `network` is true where it shares the host's, and so its name servers. */
export function readHostView({ network }: { network: boolean }): HostView {
  const names = [...configuration, ...languages(), ...(network ? ['resolv.conf'] : [])];
  const etc = names.flatMap((name) => configurationEntry(posix.join('/etc', name)));
  const hide = (kind: 'hidden-file' | 'hidden-directory') => (name: string) => ({
    kind,
    target: posix.join('/proc', name),
  });
  return {
    system: [...systemDirectories.flatMap(systemEntry), ...etc],
    hidden: [
      ...hiddenFiles.map(hide('hidden-file')),
      ...hiddenDirectories.map(hide('hidden-directory')),
    ].filter(({ target }) => existsSync(target)),
  };
}

/** A symlink (/bin on most systems) stays one. */
function systemEntry(target: string): ViewEntry[] {
  const found = statusOf(target);
  if (found?.isSymbolicLink()) return [{ kind: 'symlink', target, to: readlinkSync(target) }];
  return found?.isDirectory() ? [{ kind: 'bind', source: target, target, readOnly: true }] : [];
}

/** Only what everyone may read: a root caller's task is to see no more of it than others do. */
function configurationEntry(target: string): ViewEntry[] {
  try {
    const source = realpathSync.native(target);
    const found = lstatSync(source);
    const needed = found.isDirectory() ? 0o005 : 0o004;
    const isOpen = (found.mode & needed) === needed && (found.isFile() || found.isDirectory());
    return isOpen ? [{ kind: 'bind', source, target, readOnly: true }] : [];
  } catch {
    return [];
  }
}

function languages(): string[] {
  try {
    return readdirSync('/etc').filter((name) => configurationPattern.test(name));
  } catch {
    return [];
  }
}

function statusOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
