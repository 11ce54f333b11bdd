import { nothingBroke } from '../findings.ts';
import { perl } from '../perl.ts';
import type { Probe, ProbeObservation } from '../probe.ts';

/** gVisor shows these, and serves them itself. */
const gvisorDevices = ['open /dev/fuse', 'open /dev/net/tun'];

function withoutOwnDevices(seen: ProbeObservation): ProbeObservation {
  if (seen.receipt.isolation.level !== 'gvisor') return seen;
  const broke = seen.findings.broke.filter((what) => !gvisorDevices.includes(what));
  return { ...seen, findings: { ...seen.findings, broke } };
}

export const kernelProbes: readonly Probe[] = [
  {
    name: 'devices',
    tries: 'make device nodes, and open disks, memory and other devices of the host',
    expects: 'no node can be made, no device of the host can be opened',
    promise: 'A task reaches no device of the host.',
    mechanism: {
      container: 'device cgroup, a /dev of its own, no CAP_MKNOD',
      gvisor: "devices are gVisor's own",
      namespace: 'a /dev of its own, no CAP_MKNOD',
    },
    task: {
      language: 'perl',
      program: perl(String.raw`
my %kinds = ('block 7:0' => [0060600, 7 << 8], 'block 8:0' => [0060600, 8 << 8], 'char 1:1' => [0020600, (1 << 8) | 1]);
for my $kind (sort keys %kinds) {
  my ($mode, $number) = @{$kinds{$kind}};
  attempt("mknod $kind in the workspace", sub { my $made = sys('mknodat', -100, './probe-node', $mode, $number) == 0; unlink './probe-node'; $made });
  for my $place ('/tmp', '/dev') {
    my $path = "$place/probe-node";
    attempt("mknod $kind in $place and open it", sub {
      my $opens = sys('mknodat', -100, $path, $mode, $number) == 0 && sysopen(my $device, $path, O_RDONLY | O_NONBLOCK);
      unlink $path;
      $opens;
    });
  }
}
sub block_devices { my ($at) = @_; opendir(my $dir, $at) or return (); return map { "$at/$_" } grep { -b "$at/$_" } readdir $dir; }
my @char = map { "/dev/$_" } qw(mem kmem port kmsg kvm fuse net/tun vhost-net vhost-vsock mapper/control cpu/0/msr hpet uinput input/event0 snd/timer dri/card0 loop-control btrfs-control rtc0);
for my $path (block_devices('/dev'), block_devices('/dev/mapper'), @char) {
  attempt("open $path", sub { -e $path && sysopen(my $device, $path, O_RDONLY | O_NONBLOCK) });
}
`),
    },
    judge: (seen) => nothingBroke(withoutOwnDevices(seen), 28),
  },
  {
    name: 'kernel-paths',
    tries: 'open the switches of the kernel under /proc and /sys for writing, and read its secrets',
    expects: 'nothing opens for writing, nothing secret has content',
    promise: 'A task can neither change nor spy on the kernel through /proc and /sys.',
    mechanism: {
      container: 'read-only and masked kernel paths',
      gvisor: "/proc and /sys are gVisor's own",
      namespace: '/proc of its own PID namespace, no /sys, no capabilities',
    },
    task: {
      language: 'perl',
      program: perl(String.raw`
die "no /proc to try\n" unless -e '/proc/self/status';
my @switches = (qw(
  /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/kernel/hotplug
  /proc/sys/kernel/sysrq /proc/sys/kernel/randomize_va_space /proc/sys/kernel/hostname /proc/sys/kernel/dmesg_restrict
  /proc/sys/vm/overcommit_memory /proc/sys/vm/panic_on_oom /proc/sys/vm/drop_caches /proc/sys/fs/suid_dumpable
  /proc/sys/fs/protected_symlinks /proc/sys/fs/binfmt_misc/register /proc/sys/net/ipv4/ip_forward /proc/mtrr
  /proc/irq/default_smp_affinity /proc/acpi/wakeup /sys/kernel/uevent_helper /sys/kernel/mm/ksm/run
  /sys/kernel/mm/transparent_hugepage/enabled /sys/kernel/kexec_crash_size /sys/power/state /sys/power/disk
  /sys/kernel/security/apparmor/.load /sys/fs/selinux/load /sys/kernel/debug/sched/features
), glob('/sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs /sys/block/*/queue/scheduler'));
for my $path (@switches) {
  attempt("open $path for writing", sub { -f $path && sysopen(my $file, $path, O_WRONLY) });
}
my @secrets = qw(/proc/kcore /proc/kmem /proc/keys /proc/timer_list /proc/latency_stats /proc/sched_debug
  /proc/timer_stats /sys/firmware/dmi/tables/DMI);
for my $path (@secrets) {
  attempt("read $path", sub { sysopen(my $file, $path, O_RDONLY | O_NONBLOCK) or return 0; sysread($file, my $byte, 1) });
}
for my $path (qw(/sys/firmware /proc/scsi /proc/acpi /sys/kernel/debug /sys/kernel/tracing)) {
  attempt("list $path", sub { opendir(my $dir, $path) or return 0; scalar grep { !/^\.\.?$/ } readdir $dir });
}
`),
    },
    judge: (seen) => nothingBroke(seen, 40),
  },
  {
    name: 'namespaces',
    tries: 'make namespaces of its own, and enter those of process 1',
    expects: 'every one is refused',
    promise: 'A task cannot make or enter namespaces, where it would have capabilities again.',
    mechanism: {
      container: 'seccomp filter, no CAP_SYS_ADMIN',
      namespace: 'user namespaces switched off inside, no capabilities',
    },
    task: {
      language: 'perl',
      program: perl(String.raw`
my %flags = (user => 0x10000000, mount => 0x20000, network => 0x40000000, pid => 0x20000000, ipc => 0x8000000, uts => 0x4000000, cgroup => 0x2000000);
for my $name (sort keys %flags) { attempt("unshare $name", sub { sys('unshare', $flags{$name}) == 0 }) }
attempt('unshare user and mount', sub { sys('unshare', 0x10020000) == 0 });
die "no /proc to enter namespaces by\n" unless -e '/proc/self/status';
for my $name (qw(user mnt net pid ipc uts cgroup)) {
  attempt("setns to process 1's $name", sub { sysopen(my $file, "/proc/1/ns/$name", O_RDONLY) or return 0; sys('setns', fileno $file, 0) == 0 });
}
`),
    },
    judge: (seen) => nothingBroke(seen, 15),
  },
  {
    name: 'mount',
    tries: 'mount, remount, bind, unmount, chroot and change the root',
    expects: 'every one is refused',
    promise: 'A task cannot change what it sees of the file system by mounting.',
    mechanism: {
      container: 'seccomp filter, no CAP_SYS_ADMIN, no CAP_SYS_CHROOT',
      gvisor: 'no CAP_SYS_ADMIN, no CAP_SYS_CHROOT',
      namespace: 'no CAP_SYS_ADMIN, no CAP_SYS_CHROOT',
    },
    task: {
      language: 'perl',
      program: perl(String.raw`
mkdir 'probe-mount';
mkdir 'probe-other';
die "no directory to mount on\n" unless -d 'probe-mount' && -d 'probe-other';
attempt('mount tmpfs', sub { sys('mount', 'none', 'probe-mount', 'tmpfs', 0, 0) == 0 });
attempt('mount proc', sub { sys('mount', 'proc', 'probe-mount', 'proc', 0, 0) == 0 });
attempt('mount sysfs', sub { sys('mount', 'sysfs', 'probe-mount', 'sysfs', 0, 0) == 0 });
attempt('bind /etc', sub { sys('mount', '/etc', 'probe-mount', 'none', 4096, 0) == 0 });
attempt('remount / for writing', sub { sys('mount', 'none', '/', 'none', 32, 0) == 0 });
attempt('unmount /proc', sub { sys('umount2', '/proc', 2) == 0 });
attempt('pivot_root', sub { sys('pivot_root', 'probe-mount', 'probe-other') == 0 });
attempt('chroot', sub { chroot 'probe-mount' });
`),
    },
    judge: (seen) => nothingBroke(seen, 8),
  },
];
