import { nothingBroke } from '../findings.ts';
import { Heart, beating } from '../heart.ts';
import { processesNaming } from '../host-traces.ts';
import { countMemoryKills } from '../memory-kills.ts';
import { perl } from '../perl.ts';
import type { ProbePlace } from '../place.ts';
import type { HostFindings, Probe, Stage } from '../probe.ts';
import {
  cpus,
  floodMemoryMib,
  hogMib,
  judgeCpuShare,
  judgeDeadline,
  judgeFlood,
  judgeForks,
  judgeHog,
  judgeSwap,
  memoryMib,
  mostCpuShare,
  pidsLimit,
} from './limit-judges.ts';

const forks = 128;
const graceSeconds = 0.5;

const hog = String.raw`
my @kept;
for my $mib (1 .. ${hogMib}) { push @kept, chr(65 + $mib % 26) x (1 << 20); fact('reached', $mib); }
`;

export const limitProbes: readonly Probe[] = [
  {
    name: 'memory-hog',
    tries: `fill ${hogMib} MiB of memory under a limit of ${memoryMib} MiB`,
    expects: 'it ends before it has more than the limit',
    promise: 'A task cannot use more memory than its limit.',
    mechanism: {
      container: 'cgroup memory limit',
      gvisor: 'cgroup memory limit around the whole sandbox',
      namespace: 'cgroup memory limit, where a cgroup can be had',
    },
    limits: ['memory'],
    task: {
      language: 'perl',
      settings: { memory: `${memoryMib}m` },
      prepare: countMemoryKills,
      program: perl(hog),
    },
    judge: judgeHog,
  },
  {
    name: 'swap',
    tries: `get more than ${memoryMib} MiB by way of swap`,
    expects: 'no swap on top of the memory limit',
    promise: 'The memory limit cannot be passed by swapping.',
    mechanism: {
      container: 'cgroup swap limit of the same size',
      gvisor: 'cgroup swap limit of the same size around the whole sandbox',
      namespace: 'cgroup swap limit, where a cgroup can be had',
    },
    limits: ['memory', 'memory-swap'],
    task: {
      language: 'perl',
      settings: { memory: `${memoryMib}m` },
      prepare: countMemoryKills,
      program: perl(String.raw`
my ($swap) = slurp('/proc/meminfo') =~ /^SwapTotal:\s+([0-9]+)/m;
fact('swap-total', $swap) if defined $swap;
my $both = slurp('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes');
my $memory = slurp('/sys/fs/cgroup/memory/memory.limit_in_bytes');
my $on_top = slurp('/sys/fs/cgroup/memory.swap.max');
fact('on-top', $both - $memory) if $both ne '' && $memory ne '';
fact('on-top', $on_top =~ /max/ ? 1e18 : $on_top + 0) if $on_top ne '';
${hog}`),
    },
    judge: judgeSwap,
  },
  {
    name: 'fork-bomb',
    tries: `start ${forks} processes under a limit of ${pidsLimit}`,
    expects: 'forks fail at the limit',
    promise: 'A task cannot have more processes and threads than its limit.',
    mechanism: {
      container: 'cgroup pids limit',
      namespace: 'cgroup pids limit, where a cgroup can be had',
    },
    limits: ['pids-limit'],
    task: {
      language: 'perl',
      settings: { pidsLimit: String(pidsLimit) },
      program: perl(String.raw`
my @children;
for (1 .. ${forks}) {
  my $pid = fork;
  if (!defined $pid) { fact('refused', $!); last }
  if ($pid == 0) { pause(20); POSIX::_exit(0) }
  push @children, $pid;
}
fact('lived', scalar grep { kill 0, $_ } @children);
kill 'KILL', @children;
`),
    },
    judge: judgeForks,
  },
  {
    name: 'cpu-share',
    tries: `use a whole CPU for more than a second under a limit of ${cpus}`,
    expects: `no more than ${mostCpuShare} of a CPU, by the CPU clock`,
    promise: 'A task gets no more CPU time than its limit.',
    mechanism: {
      container: 'cgroup CPU quota',
      gvisor: 'cgroup CPU quota around the whole sandbox',
      namespace: 'cgroup CPU quota, where a cgroup can be had',
    },
    limits: ['cpus'],
    task: {
      language: 'perl',
      settings: { cpus: String(cpus) },
      // A kernel that counts waiting as running is told by the gaps that the task sees in its own time.
      program: perl(String.raw`
my ($begin, $used) = (now(), clock(2));
my ($last, $ran, $end) = ($begin, 0, $begin + 1.2);
while ($last < $end) { my $at = now(); $ran += $at - $last if $at - $last < 0.005; $last = $at; }
my ($wall, $clock) = ($last - $begin, clock(2) - $used);
fact('share', sprintf '%.3f', ($clock < $ran ? $clock : $ran) / $wall);
for (glob '/sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat') { fact('throttled', $1) if slurp($_) =~ /^nr_throttled ([0-9]+)/m }
`),
    },
    judge: judgeCpuShare,
  },
  {
    name: 'deadline',
    tries:
      'outlive the deadline, deaf to TERM, INT, HUP and QUIT, with a child in a session of its own',
    expects: 'both are killed after the grace, and the receipt says timed-out',
    promise: 'A task ends at its deadline, whatever it does.',
    mechanism: {
      container: 'SIGTERM, then SIGKILL to the whole container',
      gvisor: 'SIGTERM, then SIGKILL to the whole sandbox',
      namespace: 'SIGTERM, then SIGKILL to the whole PID namespace',
      none: 'SIGTERM, then SIGKILL to every process that carries the mark of the task',
    },
    task: {
      language: 'perl',
      settings: { timeout: '3', killAfter: String(graceSeconds) },
      program: perl(String.raw`
$SIG{$_} = 'IGNORE' for qw(TERM INT HUP QUIT USR1 USR2 ALRM);
my $token = shift @ARGV;
my $child = fork;
die "cannot fork: $!\n" unless defined $child;
if ($child == 0) {
  POSIX::_exit(1) unless defined POSIX::setsid();
  exec 'sh', '-c', '${beating}', $token;
  POSIX::_exit(127);
}
fact('deaf', 1);
pause(0.1) for 1 .. 60;
broke('the command outlived its deadline by seconds');
`),
      prepare: watchChild,
    },
    judge: judgeDeadline,
  },
  {
    name: 'tmp-flood',
    tries: `write ${floodMemoryMib} MiB to /tmp under a memory limit of as much`,
    expects: 'no more than half of the memory limit fits',
    promise: 'A task cannot fill the disk or the memory of the host through /tmp.',
    mechanism: {
      container: 'tmpfs of half the memory limit',
      gvisor: 'tmpfs of half the memory limit',
      namespace: 'tmpfs of half the memory limit, where bubblewrap can limit it',
    },
    limits: ['tmpfs-size'],
    task: {
      language: 'perl',
      settings: { memory: `${floodMemoryMib}m` },
      program: perl(String.raw`
open(my $file, '>', '/tmp/flood') or die "cannot write to /tmp: $!\n";
my $block = 'x' x (1 << 20);
for my $mib (1 .. ${floodMemoryMib}) {
  my $written = syswrite($file, $block);
  # Perhaps a part of a block, and the reason with the next one.
  if (!defined $written) { fact('refused', $!{ENOSPC} ? 'ENOSPC' : $!); last }
  fact('reached', $mib) if $written == length $block;
}
`),
    },
    judge: judgeFlood,
  },
  {
    name: 'core-dump',
    tries: 'leave a core dump',
    expects: 'the limit for core files is 0',
    promise: 'A crash leaves no core dump behind.',
    mechanism: {
      container: 'ulimit core=0',
      gvisor: 'ulimit core=0',
      namespace: 'ulimit core=0',
    },
    task: {
      language: 'sh',
      program: String.raw`
echo "tried ulimit -Hc"
limit=$(ulimit -Hc)
case $limit in
  0) ;;
  '') echo "untried ulimit -Hc" ;;
  *) echo "broke core files may have a size of $limit" ;;
esac
echo done`,
    },
    judge: (seen) => nothingBroke(seen, 1),
  },
];

/** A child that beats: the host must have seen it, or its absence afterwards says nothing. */
function watchChild({ token, workspace }: ProbePlace): Promise<Stage> {
  const heart = new Heart(workspace);
  const after = async (): Promise<HostFindings> => {
    const survivors = await processesNaming([token]);
    const beats = await heart.stillBeats();
    return {
      broke: [
        ...survivors.map((name) => `${name} outlived the deadline`),
        ...(beats ? ['the child outlived the deadline'] : []),
      ],
      untried: heart.wasSeen ? [] : ['the child never came to life'],
    };
  };
  return Promise.resolve({ args: [token], after, dispose: () => heart.stop() });
}
