import { Expectation } from './expectation.ts';

/** As in capabilities(7), without `CAP_`. There is no ALL: that would be the privileged mode that does not exist. */
export const capabilityNames = [
  'AUDIT_CONTROL',
  'AUDIT_READ',
  'AUDIT_WRITE',
  'BLOCK_SUSPEND',
  'BPF',
  'CHECKPOINT_RESTORE',
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'IPC_LOCK',
  'IPC_OWNER',
  'KILL',
  'LEASE',
  'LINUX_IMMUTABLE',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
  'MKNOD',
  'NET_ADMIN',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_RAW',
  'PERFMON',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYSLOG',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_CHROOT',
  'SYS_MODULE',
  'SYS_NICE',
  'SYS_PACCT',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'WAKE_ALARM',
] as const;
export type CapabilityName = (typeof capabilityNames)[number];

/** `--cap-add NET_RAW`, in either case, with or without `CAP_`. */
export function parseCapability(text: string): CapabilityName {
  const plain = text.toUpperCase().replace(/^CAP_/, '');
  const name = capabilityNames.find((candidate) => candidate === plain);
  if (name !== undefined) return name;
  const reason = plain === 'ALL' ? ' (ALL does not exist: name each)' : '';
  throw new Expectation(`a capability such as NET_RAW${reason}`, text);
}
