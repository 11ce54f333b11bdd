import { connect } from 'node:net';
import { getServers, lookup } from 'node:dns/promises';
import {
  broken,
  held,
  leastAttempts,
  nothingBroke,
  unproven,
  untestable,
  whatIsMissing,
} from '../findings.ts';
import { hostAddresses } from '../host-addresses.ts';
import { listenEverywhere } from '../listeners.ts';
import { networkPerl } from '../perl.ts';
import type { ProbePlace } from '../place.ts';
import type { Judgement, Probe, ProbeObservation, ProbeTask, Stage } from '../probe.ts';

const isolated = {
  container: 'no interface but loopback',
  gvisor: 'no interface but loopback',
  namespace: 'no interface but loopback',
} as const;

const hostTask = String.raw`
my ($token, $tcp, $udp, @told) = @ARGV;
my %seen;
my @addresses = grep { !$seen{$_}++ } @told, gateways(), '127.0.0.1', '::1', '0.0.0.0';
# A link-local address is reached by each interface of ours.
my @all = map { my $ip = $_; $ip =~ /^fe80/i ? (map { "$ip%$_" } interfaces()) : $ip } @addresses;
outcome('TCP', reach_tcp(0.7, $token, map { ["$_:$tcp", $_, $tcp] } @all));
outcome('UDP', reach_udp(0.5, $token, map { ["$_:$udp", $_, $udp] } @all));
# Without any route: by broadcast, by multicast, and straight out of an interface. The host notes what comes.
for my $interface (interfaces()) {
  for my $ip (grep { !/:/ } @addresses, '255.255.255.255', '224.0.0.1') {
    tried("UDP $ip:$udp straight out of $interface");
    socket(my $socket, AF_INET, SOCK_DGRAM, 0) or next;
    setsockopt($socket, SOL_SOCKET, SO_BROADCAST, 1);
    setsockopt($socket, SOL_SOCKET, 25, "$interface\0");
    setsockopt($socket, SOL_SOCKET, SO_DONTROUTE, 1);
    send($socket, $token, 0, pack_sockaddr_in($udp, inet_aton($ip)));
  }
}
pause(0.3) if interfaces();
fact('addresses', scalar @all);
`;

const listenerTask: ProbeTask = {
  language: 'perl',
  settings: { timeout: '20s' },
  program: networkPerl(String.raw`
my ($token, $port) = @ARGV;
my @sockets;
for my $family (AF_INET, AF_INET6) {
  my $any = $family == AF_INET ? pack_sockaddr_in($port, INADDR_ANY) : pack_sockaddr_in6($port, IN6ADDR_ANY);
  for my $type (SOCK_STREAM, SOCK_DGRAM) {
    socket(my $socket, $family, $type, 0) or next;
    setsockopt($socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) if $family == AF_INET6;
    bind($socket, $any) or next;
    listen($socket, 16) if $type == SOCK_STREAM;
    push @sockets, [$socket, $type];
  }
}
die "cannot listen: $!\n" if @sockets < 2;
socket(my $unix, AF_UNIX, SOCK_STREAM, 0);
bind($unix, pack_sockaddr_un("\0$token")) && listen($unix, 16) or die "cannot listen at an abstract socket: $!\n";
push @sockets, [$unix, SOCK_STREAM];
fact('addresses', own_addresses());
print "ready\n";
while (1) {
  for my $entry (@sockets) {
    my ($socket, $type) = @$entry;
    my $bits = '';
    vec($bits, fileno $socket, 1) = 1;
    next unless select($bits, undef, undef, 0.02);
    if ($type == SOCK_STREAM) { accept(my $peer, $socket); syswrite($peer, $token) }
    else { my $from = recv($socket, my $data, 512, 0); send($socket, $token, 0, $from) if defined $from }
  }
}
`),
};

const neighbourTask = String.raw`
my ($token, $port, @addresses) = @ARGV;
my @all = map { my $ip = $_; $ip =~ s/%.*//; $ip =~ /^fe80/i ? (map { "$ip%$_" } interfaces()) : $ip } @addresses;
outcome('TCP', reach_tcp(0.7, $token, map { ["$_:$port", $_, $port] } @all));
outcome('UDP', reach_udp(0.5, $token, map { ["$_:$port", $_, $port] } @all));
attempt('abstract socket', sub { socket(my $unix, AF_UNIX, SOCK_STREAM, 0) or return 0; connect($unix, pack_sockaddr_un("\0$token")) });
`;

const outsideTask = String.raw`
my @targets = map { /^\[?([^\]]+?)\]?:([0-9]+)$/ ? ["$_", $1, $2] : () } @ARGV;
my %end = reach_tcp(1.5, 'probe', @targets);
outcome('TCP', %end);
fact('silent', scalar grep { /^silent/ } values %end);
my ($why) = map { /no-way \(?(.*?)\)?$/ } values %end;
fact('no-way', $why) if defined $why;
`;

const dnsTask = String.raw`
my ($token, $port, $servers, $names, @hosts) = @ARGV;
my $question = "\x12\x34\x01\0\0\1\0\0\0\0\0\0" . join('', map { chr(length) . $_ } $token, 'example', 'com') . "\0\0\1\0\1";
my %seen;
my @all = grep { !$seen{$_}++ } @hosts, gateways();
outcome('UDP', reach_udp(1, $question, (map { ["$_:$port", $_, $port] } grep { !/^fe80/i } @all),
  (map { ["$_:53", $_, 53] } split /,/, $servers)));
for my $name (split /,/, $names) { attempt("look up $name", sub { local $SIG{ALRM} = 'DEFAULT'; alarm 3; scalar gethostbyname $name }) }
`;

export const networkProbes: readonly Probe[] = [
  {
    name: 'host-network',
    tries:
      'reach this host over TCP and UDP: by its gateway, every address it has, broadcast and multicast',
    expects: 'no listener of the host sees it',
    promise: 'A task on an isolated network cannot reach the host.',
    mechanism: isolated,
    limits: ['network'],
    reaches: ['host'],
    task: { language: 'perl', program: networkPerl(hostTask), prepare: listenOnHost },
    judge: (seen) =>
      nothingBroke(seen, 6, ({ findings }) => `${findings.facts.addresses ?? '?'} addresses`),
  },
  {
    name: 'other-task',
    tries: 'reach a second task that listens on TCP, UDP and an abstract socket',
    expects: 'nothing connects',
    promise: 'A task on an isolated network cannot reach another task.',
    mechanism: isolated,
    limits: ['network'],
    reaches: ['other-tasks'],
    task: { language: 'perl', program: networkPerl(neighbourTask), prepare: startNeighbour },
    judge: (seen) => nothingBroke(seen, 3),
  },
  {
    name: 'internet',
    tries: 'reach well-known addresses of the internet by number',
    expects: 'no answer',
    promise: 'A task on an isolated network cannot reach the internet.',
    mechanism: isolated,
    limits: ['network'],
    reaches: ['internet'],
    task: {
      language: 'perl',
      program: networkPerl(outsideTask),
      prepare: async ({ battery }) => await outside(battery.targets.internet),
    },
    judge: judgeOutside,
  },
  {
    name: 'outside-dns',
    tries:
      'ask name servers outside: one that this host runs for it, those of the host, well-known ones',
    expects: 'no server sees or answers the question, and no name can be looked up',
    promise: 'A task on an isolated network cannot ask, or leak to, a name server outside.',
    mechanism: isolated,
    limits: ['network'],
    reaches: ['name-servers'],
    task: { language: 'perl', program: networkPerl(dnsTask), prepare: listenForQuestions },
    judge: (seen) => nothingBroke(seen, 4, ({ findings }) => findings.facts.resolvable ?? ''),
  },
  {
    name: 'cloud-metadata',
    tries: 'reach the metadata services of clouds (169.254.169.254 and others)',
    expects: 'no answer',
    promise: "A task on an isolated network cannot ask for the machine's cloud credentials.",
    mechanism: isolated,
    limits: ['network'],
    reaches: ['cloud-metadata'],
    task: {
      language: 'perl',
      program: networkPerl(outsideTask),
      prepare: async ({ battery }) => await outside(battery.targets.metadata),
    },
    judge: judgeOutside,
  },
];

async function listenOnHost({ token }: ProbePlace): Promise<Stage> {
  const listeners = await listenEverywhere(token);
  const { tcpPort, udpPort, visits, close } = listeners;
  const addresses = await hostAddresses();
  return {
    args: [token, String(tcpPort), String(udpPort), ...addresses],
    after: () =>
      Promise.resolve({
        broke: visits().map((visit) => `the host was visited by ${visit}`),
        // Over TCP and UDP.
        facts: { [leastAttempts]: String(2 * addresses.filter(isTriedAnyway).length) },
      }),
    dispose: close,
  };
}

/** A link-local address is tried by each interface of the task, and it may have none. */
function isTriedAnyway(address: string): boolean {
  return !/^fe80/i.test(address);
}

const neighbourPort = '47113';

async function startNeighbour(place: ProbePlace): Promise<Stage> {
  const neighbour = await place.startTask(listenerTask, [place.token, neighbourPort]);
  if (!neighbour) throw new Error('the second task, which should listen, ended at once');
  const told = /^fact addresses (.*)$/m.exec(neighbour.output)?.[1] ?? '';
  // Not every kernel tells; this one is tried in any case.
  const addresses = new Set([...told.split(' ').filter((word) => word !== ''), '127.0.0.1']);
  return {
    args: [place.token, neighbourPort, ...addresses],
    after: () => {
      const count = 1 + 2 * [...addresses].filter(isTriedAnyway).length;
      const untried = neighbour.hasEnded() ? ['the second task had ended meanwhile'] : [];
      return Promise.resolve({ untried, facts: { [leastAttempts]: String(count) } });
    },
    dispose: async () => {
      await neighbour.stop();
    },
  };
}

async function outside(targets: readonly string[]): Promise<Stage> {
  const reached = await Promise.all(targets.map(reachesHere));
  const fromHere = targets.filter((_, index) => reached[index]);
  return {
    args: targets,
    after: () =>
      Promise.resolve({
        facts: { 'from-here': fromHere.join(' '), [leastAttempts]: String(targets.length) },
      }),
  };
}

/** Whether this host gets an answer from there, so that silence inside means something. */
async function reachesHere(target: string): Promise<boolean> {
  const [, host = '', port = ''] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(target) ?? [];
  return await new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 1_500 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', end(true));
    socket.on('timeout', end(false));
    socket.on('error', end(false));
  });
}

function judgeOutside(seen: ProbeObservation): Judgement {
  const { broke, facts, tried } = seen.findings;
  if (broke.length > 0) return broken(broke.join('; '));
  const missing = whatIsMissing(seen, 1);
  if (missing !== null) return unproven(missing);
  if (facts.silent === '0') {
    return held(`${tried.length} attempts, its kernel has no way there: ${facts['no-way'] ?? '?'}`);
  }
  if (facts['from-here'] === '') {
    return untestable(
      'no answer inside, but these addresses cannot be reached from this host either',
    );
  }
  return held(`no answer inside; from this host ${facts['from-here'] ?? ''} can be reached`);
}

const names = ['example.com', 'one.one.one.one', 'dns.google'];

async function listenForQuestions({ token, battery }: ProbePlace): Promise<Stage> {
  const listeners = await listenEverywhere(token);
  const servers = [...battery.targets.nameServers, ...getServers().filter((it) => isNumeric(it))];
  const looked = await Promise.all(names.map(isResolvable));
  const resolvable = names.filter((_, index) => looked[index]);
  const addresses = await hostAddresses();
  const note =
    resolvable.length === 0
      ? 'this host itself can look up no name, so only the servers were tried'
      : `this host looks up ${resolvable.join(', ')}`;
  return {
    args: [token, String(listeners.udpPort), servers.join(','), names.join(','), ...addresses],
    after: () =>
      Promise.resolve({
        broke: listeners.visits().map((visit) => `the question came to the host: ${visit}`),
        facts: {
          resolvable: note,
          [leastAttempts]: String(
            new Set([...servers, ...addresses.filter(isTriedAnyway)]).size + names.length,
          ),
        },
      }),
    dispose: listeners.close,
  };
}

function isNumeric(server: string): boolean {
  return /^[0-9.]+$/.test(server);
}

async function isResolvable(name: string): Promise<boolean> {
  const limit = new Promise<false>((resolve) => {
    setTimeout(() => resolve(false), 1_500).unref();
  });
  const answer = lookup(name).then(
    () => true,
    () => false,
  );
  return await Promise.race([answer, limit]);
}
