import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { nothingBroke } from '../findings.ts';
import { perl } from '../perl.ts';
import type { ProbePlace } from '../place.ts';
import type { Probe, Stage } from '../probe.ts';

export const hostProbes: readonly Probe[] = [
  {
    name: 'other-processes',
    tries: 'see, trace and signal a process of the host, and read its environment',
    expects: 'no process of the host can be seen',
    promise: 'A task sees no process but its own.',
    mechanism: {
      container: 'PID namespace',
      gvisor: 'gVisor has processes of its own only',
      namespace: 'PID namespace',
    },
    task: {
      language: 'perl',
      program: perl(String.raw`
my $half = shift @ARGV;
my $token = "probe-$half";
my @pids = grep { /^[0-9]+$/ } map { m{/proc/(.*)} } glob '/proc/[0-9]*';
die "no process can be seen, not even its own\n" unless grep { $_ == $$ } @pids;
fact('visible', scalar @pids);
for my $pid (@pids) {
  tried("process $pid");
  my $command = slurp("/proc/$pid/cmdline");
  my $environment = slurp("/proc/$pid/environ");
  next unless index($command, $token) >= 0 || index($environment, $token) >= 0;
  broke("sees process $pid of the host");
  broke("reads the environment of process $pid of the host") if index($environment, $token) >= 0;
  broke("may signal process $pid of the host") if kill 0, $pid;
  broke("traces process $pid of the host") if in_child(sub { sys('ptrace', 16, $pid, 0, 0) == 0 && do { waitpid $pid, 0x40000000; sys('ptrace', 17, $pid, 0, 0); 1 } });
}
`),
      prepare: startCanary,
    },
    judge: (seen) =>
      nothingBroke(seen, 2, ({ findings }) => `it sees ${findings.facts.visible ?? '?'} processes`),
  },
  {
    name: 'engine-socket',
    tries: 'find a socket of the engine, or any socket that somebody listens at',
    expects: 'there is none',
    promise: 'A task cannot command the engine that runs it.',
    mechanism: {
      container: 'nothing of the host but the workspace is mounted; what holds a socket is refused',
      gvisor: 'nothing of the host but the workspace is mounted; what holds a socket is refused',
      namespace: '/run, /var/run and homes are not visible',
    },
    limits: ['file-system'],
    task: {
      language: 'perl',
      program: perl(String.raw`
use Cwd ();
my $here = Cwd::getcwd();
my %seen;
my @sockets;
my $left = 20000;
# Whoever cannot find and reach a socket of his own has not looked for those of others.
my $own = '/tmp/probe-own-socket';
socket(my $listening, AF_UNIX, SOCK_STREAM, 0) or die "cannot make a socket: $!\n";
bind($listening, pack_sockaddr_un($own)) && listen($listening, 1) or die "cannot listen: $!\n";
sub look {
  my ($at, $depth) = @_;
  return if $depth < 0 || $left-- < 0 || $at eq $here || $seen{$at}++;
  opendir(my $dir, $at) or return;
  for my $name (grep { !/^\.\.?$/ } readdir $dir) {
    my $path = $at eq '/' ? "/$name" : "$at/$name";
    next unless lstat $path;
    push @sockets, $path if -S _;
    look($path, $depth - 1) if -d _;
  }
}
my @mounts = map { (split / /)[1] } split /\n/, slurp('/proc/self/mounts');
my @places = (qw(/run /var/run /tmp /home /root /opt /srv /mnt /media /var/lib /etc /dev), grep { !m{^/(proc|sys)(/|$)} && $_ ne '/' } @mounts);
for my $place (@places) { tried("search $place"); push @sockets, $place if -S $place; look($place, 6) }
die "cannot find its own socket\n" unless grep { $_ eq $own } @sockets;
sub reaches { my ($path) = @_; socket(my $unix, AF_UNIX, SOCK_STREAM, 0) or die "no socket: $!\n"; connect($unix, pack_sockaddr_un($path)) }
die "cannot reach its own socket\n" unless in_child(sub { reaches($own) });
@sockets = grep { $_ ne $own } @sockets;
fact('cut-short', 'some directories were too many to be searched') if $left < 0;
my %known = map { $_ => 1 } @sockets;
push @sockets, grep { !$known{$_} } qw(/var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /run/podman/podman.sock /run/crio/crio.sock /run/dbus/system_bus_socket);
for my $path (@sockets) {
  attempt("connect to $path", sub { reaches($path) });
}
`),
    },
    judge: (seen) => nothingBroke(seen, 17, ({ findings }) => findings.facts['cut-short'] ?? ''),
  },
  {
    name: 'caller-environment',
    tries: "find a variable of the caller's environment",
    expects: 'it is not there',
    promise: "Nothing of the caller's environment is passed on, unless it was asked for.",
    mechanism: {
      container: 'the environment is made anew',
      gvisor: 'the environment is made anew',
      namespace: 'the environment is made anew',
      none: 'the environment is made anew',
    },
    task: {
      language: 'perl',
      program: perl(String.raw`
my $half = shift @ARGV;
my $token = "probe-$half";
tried('its variables');
my $environ = slurp('/proc/self/environ');
if ($environ eq '') { untried('/proc/self/environ') } else { tried('/proc/self/environ') }
for my $name (sort keys %ENV) { broke("$name has the caller's secret") if index($ENV{$name}, $token) >= 0 }
broke('/proc/self/environ has it') if index($environ, $token) >= 0;
fact('names', sort keys %ENV);
`),
      prepare: setCanaryVariable,
    },
    judge: (seen) =>
      nothingBroke(seen, 2, ({ findings }) => `it has ${findings.facts.names ?? 'nothing'}`),
  },
];

/** It ends when its standard input does, which is when we do, however that comes about. */
const canaryProgram = 'read -r _';

/** A process of the caller with a secret in its environment and its command line. */
async function startCanary({ token }: ProbePlace): Promise<Stage> {
  const canary = spawn('/bin/sh', ['-c', canaryProgram, token], {
    env: { SANDBOX_CANARY: token },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  canary.stdin.on('error', () => undefined);
  await once(canary, 'spawn');
  const isAlive = () => canary.exitCode === null && canary.signalCode === null;
  return {
    args: [halfOf(token)],
    after: () =>
      Promise.resolve({ untried: isAlive() ? [] : ['the process of the host was not there'] }),
    dispose: () => {
      canary.kill('SIGKILL');
      return Promise.resolve();
    },
  };
}

/** The probe must not find the secret in its own command line. */
function halfOf(token: string): string {
  return token.replace('probe-', '');
}

function setCanaryVariable({ token }: ProbePlace): Promise<Stage> {
  const name = `SECRET_${halfOf(token).toUpperCase()}`;
  process.env[name] = token;
  return Promise.resolve({
    args: [halfOf(token)],
    dispose: () => {
      Reflect.deleteProperty(process.env, name);
      return Promise.resolve();
    },
  });
}
