import { nothingBroke } from '../findings.ts';
import { perl } from '../perl.ts';
import type { Probe } from '../probe.ts';

/** Nobody's: what a set-user-id program does shows only to a task that is not uid 0. */
const nobody = '65534:65534';

export const privilegeProbes: readonly Probe[] = [
  {
    name: 'raw-sockets',
    tries: 'open raw and packet sockets',
    expects: 'every one is refused',
    promise: 'A task cannot forge packets or listen to those of others.',
    mechanism: {
      container: 'no CAP_NET_RAW',
      gvisor: 'no CAP_NET_RAW',
      namespace: 'no CAP_NET_RAW',
    },
    task: {
      language: 'perl',
      program: perl(String.raw`
my %kinds = ('ICMP' => [AF_INET, SOCK_RAW, 1], 'raw TCP' => [AF_INET, SOCK_RAW, 6], 'ICMPv6' => [AF_INET6, SOCK_RAW, 58],
  'packet' => [17, SOCK_RAW, 0x0300], 'packet (cooked)' => [17, SOCK_DGRAM, 0x0300]);
for my $kind (sort keys %kinds) { attempt("$kind socket", sub { socket(my $socket, $kinds{$kind}[0], $kinds{$kind}[1], $kinds{$kind}[2]) }) }
`),
    },
    judge: (seen) => nothingBroke(seen, 5),
  },
  {
    name: 'capabilities',
    tries: 'find a capability in any set, and do what needs one',
    expects: 'all sets are empty, and nothing that needs one works',
    promise: 'A task has no capabilities, not even as uid 0.',
    mechanism: {
      container: 'all capabilities dropped, from the bounding set as well',
      gvisor: "all capabilities dropped, in gVisor's kernel",
      namespace: 'all capabilities dropped',
    },
    task: {
      language: 'perl',
      program: perl(String.raw`
my $status = slurp('/proc/self/status');
for my $set (qw(Inh Prm Eff Bnd Amb)) {
  my ($bits) = $status =~ /^Cap$set:\s*([0-9a-f]+)/m;
  # Not every kernel has ambient ones.
  unless (defined $bits) { untried("Cap$set") if $set ne 'Amb'; next }
  tried("Cap$set");
  broke("Cap$set is $bits") if $bits =~ /[^0]/;
}
my $file = 'probe-file';
sysopen(my $made, $file, O_WRONLY | O_CREAT, 0) or die "no file to try it on: $!\n";
attempt('become uid 12345', sub { POSIX::setuid(12345) && $> == 12345 });
attempt('give a file away', sub { chown 12345, 12345, $file });
attempt('read a file without permission', sub { chmod 0, $file; sysopen(my $locked, $file, O_RDONLY) });
attempt('chroot', sub { chroot '/tmp' });
attempt('set the host name', sub { sys('sethostname', 'probe', 5) == 0 });
`),
    },
    judge: (seen) => nothingBroke(seen, 9),
  },
  {
    name: 'seccomp',
    tries: 'make system calls that only an attack needs',
    expects: 'they are refused, by a filter or by a kernel that is not the host’s',
    promise: 'System calls that a task does not need do not reach the kernel.',
    mechanism: {
      container: "the engine's default seccomp filter",
      gvisor: "system calls end in gVisor's own kernel, not in the host's",
      namespace: 'seccomp filter of our own, on processors that it knows',
    },
    limits: ['seccomp'],
    task: {
      language: 'perl',
      program: perl(String.raw`
my ($mode) = slurp('/proc/self/status') =~ /^Seccomp:\s*([0-9])/m;
fact('mode', $mode) if defined $mode;
attempt('keyctl', sub { sys('keyctl', 0, -3, 1) > 0 });
attempt('add_key', sub { sys('add_key', 'user', 'probe', 'x', 1, -2) > 0 });
attempt('bpf', sub { my $map = pack 'L5x44', 2, 4, 8, 1, 0; sys('bpf', 0, $map, 64) >= 0 });
attempt('perf_event_open', sub { my $event = pack 'LLQQQQQ', 1, 112, 0, 0, 0, 0, 0x61; sys('perf_event_open', $event . "\0" x 64, 0, -1, -1, 0) >= 0 });
attempt('open_by_handle_at', sub { my $handle = pack('Ll', 8, 1) . "\0" x 8; sys('open_by_handle_at', -100, $handle, 0) >= 0 });
`),
    },
    judge: (seen) => {
      const { mode } = seen.findings.facts;
      const isFiltered = mode === '2' || seen.receipt.isolation.level === 'gvisor';
      const missing =
        isFiltered || !seen.findings.isComplete
          ? []
          : [`no filter is in force (mode ${mode ?? 'unknown'})`];
      const broke = [...missing, ...seen.findings.broke];
      const findings = { ...seen.findings, broke };
      return nothingBroke({ ...seen, findings }, 5, () => `seccomp mode ${mode ?? 'not told'}`);
    },
  },
  {
    name: 'no-new-privileges',
    tries: 'be a process that may gain privileges',
    expects: 'no_new_privs is set',
    promise: 'No program that a task starts gains privileges.',
    mechanism: {
      container: 'no-new-privileges',
      gvisor: 'no-new-privileges, and gVisor gives none at exec',
      namespace: 'no_new_privs, set by bubblewrap',
    },
    task: {
      language: 'perl',
      program: perl(String.raw`
tried('prctl(PR_GET_NO_NEW_PRIVS)');
broke('no_new_privs is not set') if sys('prctl', 39, 0, 0, 0, 0) != 1;
`),
    },
    judge: (seen) => nothingBroke(seen, 1),
  },
  {
    name: 'setuid',
    tries: 'start set-user-id programs, as uid 65534 where an engine can',
    expects: 'they run as whoever started them, without capabilities',
    promise: 'A set-user-id program gives no privileges.',
    mechanism: {
      container: 'no-new-privileges, empty bounding set',
      gvisor: 'gVisor gives none at exec, empty bounding set',
      namespace: 'no_new_privs, empty bounding set',
    },
    task: {
      language: 'perl',
      engineSettings: { user: nobody },
      program: perl(String.raw`
my @programs = grep { -u $_ && -x $_ } glob('/bin/su /usr/bin/su /usr/bin/newgrp /usr/bin/passwd /usr/bin/chsh /usr/bin/gpasswd');
die "the image has no set-user-id program to try\n" unless @programs;
for my $program (@programs) {
  pipe(my $reader, my $writer);
  my $pid = fork;
  unless (defined $pid) { untried($program); next }
  if ($pid == 0) {
    open STDIN, '<&', $reader; open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';
    exec $program; POSIX::_exit(127);
  }
  my ($name) = $program =~ m{([^/]+)$};
  my ($uid, $caps, $named, $until) = (undef, undef, 0, now() + 2);
  while (now() < $until) {
    my $status = slurp("/proc/$pid/status");
    last if $status eq '' || $status =~ /^State:\s+Z/m;
    next if $status !~ /^Name:\s+\Q$name\E$/m;
    # Its name is there a moment before what it may do.
    next unless $named++;
    ($uid) = $status =~ /^Uid:\s+[0-9]+\s+([0-9]+)/m;
    ($caps) = $status =~ /^CapEff:\s+([0-9a-f]+)/m;
    last;
  }
  kill 'KILL', $pid;
  waitpid $pid, 0;
  next unless defined $uid;
  tried("$program ran as uid $uid");
  broke("$program ran as uid $uid with capabilities $caps") if $uid != $> || (defined $caps && $caps =~ /[^0]/);
}
`),
    },
    judge: (seen) => nothingBroke(seen, 1),
  },
];
