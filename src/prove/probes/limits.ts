import {
  broken,
  held,
  measured,
  nothingBroke,
  unproven,
  untestable,
  whyIncomplete,
} from '../findings.ts';
import { processesNaming } from '../host-traces.ts';
import { perl } from '../perl.ts';
import type { Judgement, Probe, ProbeObservation } from '../probe.ts';

const memoryMib = 32;
const hogMib = 128;
const pidsLimit = 32;
const forks = 128;
const cpus = 0.2;
/** Twice the limit: an unlimited task comes near 1, a limited one stays near the limit. */
const mostCpuShare = 2 * cpus;
const tmpMib = memoryMib;
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
      program: perl(hog),
    },
    judge: (seen) => judgeHog(seen),
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
      settings: { timeout: '1.5', killAfter: String(graceSeconds) },
      program: perl(String.raw`
$SIG{$_} = 'IGNORE' for qw(TERM INT HUP QUIT USR1 USR2 ALRM);
my $token = shift @ARGV;
exec 'sh', '-c', 'trap "" TERM INT HUP QUIT; sleep 8; exit', $token if fork == 0 && POSIX::setsid();
fact('deaf', 1);
pause(0.1) for 1 .. 60;
broke('the command outlived its deadline by seconds');
`),
      prepare: (place) =>
        Promise.resolve({
          args: [place.token],
          after: async () => {
            const survivors = await processesNaming([place.token]);
            return { broke: survivors.map((name) => `${name} outlived the deadline`) };
          },
        }),
    },
    judge: judgeDeadline,
  },
  {
    name: 'tmp-flood',
    tries: `write ${2 * tmpMib} MiB to /tmp under a memory limit of ${tmpMib} MiB`,
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
      settings: { memory: `${tmpMib}m` },
      program: perl(String.raw`
open(my $file, '>', '/tmp/flood') or die "cannot write to /tmp: $!\n";
my $block = 'x' x (1 << 20);
for my $mib (1 .. ${2 * tmpMib}) { (syswrite($file, $block) || 0) == length $block or last; fact('reached', $mib); }
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
[ "$limit" = 0 ] || echo "broke core files may have a size of $limit"
echo done`,
    },
    judge: (seen) => nothingBroke(seen),
  },
];

function judgeHog(seen: ProbeObservation): Judgement {
  const reached = measured(seen, 'reached');
  if (reached === null) return unproven(whyIncomplete(seen.receipt));
  const { status } = seen.receipt;
  if (reached > memoryMib) return broken(`it had ${reached} MiB (${status})`);
  if (status === 'timed-out') return unproven('the deadline came before the limit');
  return held(`it had ${reached} of ${hogMib} MiB when it was ended (${status})`);
}

function judgeSwap(seen: ProbeObservation): Judgement {
  const onTop = measured(seen, 'on-top');
  if (onTop !== null && onTop > 0) {
    return broken(`the kernel's own limit file allows ${Math.round(onTop / 1024 ** 2)} MiB on top`);
  }
  const hogged = judgeHog(seen);
  if (hogged.verdict !== 'held') return hogged;
  if (onTop !== null) return held(`${hogged.evidence}; the kernel's limit file allows 0 on top`);
  if (measured(seen, 'swap-total') === 0) {
    return untestable('this machine has no swap, and the limit file cannot be seen from inside');
  }
  return hogged;
}

function judgeForks(seen: ProbeObservation): Judgement {
  const lived = measured(seen, 'lived');
  if (lived === null) return unproven(whyIncomplete(seen.receipt));
  if (lived >= pidsLimit) return broken(`${lived} processes lived at once`);
  const refused = seen.findings.facts.refused ?? 'no reason';
  return held(`${lived} children lived, the next fork failed: ${refused}`);
}

function judgeCpuShare(seen: ProbeObservation): Judgement {
  const share = measured(seen, 'share');
  if (share === null) return unproven(whyIncomplete(seen.receipt));
  const evidence = `${share} of a CPU`;
  return share > mostCpuShare ? broken(evidence) : held(evidence);
}

function judgeDeadline({ receipt, findings }: ProbeObservation): Judgement {
  const { status, evidence, timing } = receipt;
  if (findings.broke.length > 0) return broken(findings.broke.join('; '));
  if (findings.facts.deaf === undefined) return unproven(whyIncomplete(receipt));
  const signals = evidence.signalsSent.map(({ signal }) => signal).join(', ');
  const said = `${status} after ${Math.round(timing.durationMs ?? 0)} ms (${signals})`;
  return status === 'timed-out' && signals.includes('SIGKILL') ? held(said) : broken(said);
}

function judgeFlood(seen: ProbeObservation): Judgement {
  const reached = measured(seen, 'reached');
  if (reached === null) return unproven(whyIncomplete(seen.receipt));
  const said = `${reached} MiB fitted into /tmp`;
  return reached > tmpMib / 2 ? broken(said) : held(said);
}
