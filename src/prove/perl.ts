/**
 * What every Perl probe begins with: perl-base is in the Debian images, and can make any system call. Each
 * attempt is made in a child, so that one that succeeds changes nothing for the next.
 */
const prelude = String.raw`
use strict; use Socket qw(:all); use POSIX (); use Fcntl; use Errno;
$| = 1;
sub report { my ($kind, @words) = @_; my $text = join ' ', @words; $text =~ s/[^ -~]/?/g; print "$kind $text\n"; }
sub tried { report('tried', @_) }
sub untried { report('untried', @_) }
sub broke { report('broke', @_) }
sub fact { report('fact', @_) }
# Whether it succeeded; nothing where it could not be tried. A filter may kill who tries (SIGSYS), and so may a clock
# that the work has set (SIGALRM).
sub in_child {
  my ($work) = @_;
  my $pid = fork;
  return undef unless defined $pid;
  if ($pid == 0) {
    my $success;
    my $ended = eval { $success = $work->(); 1 };
    print STDERR $@ unless $ended;
    POSIX::_exit($ended ? ($success ? 1 : 0) : 2);
  }
  return undef unless waitpid($pid, 0) == $pid;
  my ($code, $signal) = ($? >> 8, $? & 127);
  return 0 if $signal == 31 || $signal == 14;
  return $signal == 0 && $code < 2 ? $code : undef;
}
sub attempt {
  my ($what, $work) = @_;
  my $success = in_child($work);
  return untried($what) unless defined $success;
  tried($what);
  broke($what) if $success;
}
sub slurp { my ($path) = @_; open(my $file, '<', $path) or return ''; local $/; my $text = <$file>; return defined $text ? $text : ''; }
my %arm = (ptrace => 117, process_vm_readv => 270, unshare => 97, setns => 268, mount => 40, umount2 => 39,
  pivot_root => 41, keyctl => 219, add_key => 217, bpf => 280, perf_event_open => 241, mknodat => 33,
  sethostname => 161, clock_gettime => 113, open_by_handle_at => 265, init_module => 105, kexec_load => 104,
  prctl => 167, swapon => 224, reboot => 142, open_tree => 428);
my %intel = (ptrace => 101, process_vm_readv => 310, unshare => 272, setns => 308, mount => 165, umount2 => 166,
  pivot_root => 155, keyctl => 250, add_key => 248, bpf => 321, perf_event_open => 298, mknodat => 259,
  sethostname => 170, clock_gettime => 228, open_by_handle_at => 304, init_module => 175, kexec_load => 246,
  prctl => 157, swapon => 167, reboot => 169, open_tree => 428);
my $machine = (POSIX::uname())[4];
my %number = $machine eq 'x86_64' ? %intel : $machine eq 'aarch64' ? %arm : die "no system call numbers for $machine\n";
sub sys { my ($name, @args) = @_; return syscall($number{$name}, @args); }
sub clock { my ($which) = @_; my $time = "\0" x 16; syscall($number{clock_gettime}, $which, $time); my ($s, $ns) = unpack 'qq', $time; return $s + $ns / 1e9; }
sub now { return clock(1) }
sub pause { select undef, undef, undef, $_[0] }
`;

const network = String.raw`
sub address_of {
  my ($text, $port) = @_;
  return (AF_INET, pack_sockaddr_in($port, inet_aton($text))) if $text !~ /:/;
  my ($ip, $scope) = split /%/, $text;
  my $index = defined $scope ? slurp("/sys/class/net/$scope/ifindex") + 0 : 0;
  return (AF_INET6, pack_sockaddr_in6($port, inet_pton(AF_INET6, $ip), $index));
}
sub interfaces { my @names = slurp('/proc/net/dev') =~ /^\s*([^\s:|]+):/mg; return grep { $_ ne 'lo' } @names; }
sub own_addresses {
  my %seen;
  my $last;
  for (split /\n/, slurp('/proc/net/fib_trie')) {
    $last = $1 if /\|-- ([0-9.]+)/;
    $seen{$last} = 1 if m{/32 host LOCAL} && defined $last;
  }
  for (split /\n/, slurp('/proc/net/if_inet6')) {
    my ($hex, undef, undef, $scope, undef, $name) = split;
    my $ip = join ':', $hex =~ /(.{4})/g;
    $seen{$scope eq '20' ? "$ip%$name" : $ip} = 1;
  }
  return sort keys %seen;
}
sub gateways {
  my %seen;
  for (split /\n/, slurp('/proc/net/route')) {
    my (undef, $to, $by) = split;
    next unless $to =~ /^[0-9A-F]{8}$/;
    $seen{join '.', reverse map { hex } $by =~ /(..)/g} = 1 if $by ne '00000000';
    $seen{join '.', (reverse map { hex } $to =~ /(..)/g)[0 .. 2], 1} = 1 if $to ne '00000000';
  }
  my $neighbours = slurp('/proc/net/arp');
  $seen{$_} = 1 for $neighbours =~ /^([0-9]+\.[0-9.]+)/mg;
  return sort keys %seen;
}
# Every target at once: [name, address, port] => connected, refused by somebody, no way there, silent.
sub reach_tcp {
  my ($limit, $token, @targets) = @_;
  my (%open, %end);
  for my $target (@targets) {
    my ($name, $ip, $port) = @$target;
    my ($family, $to) = eval { address_of($ip, $port) } or do { $end{$name} = 'untried'; next };
    socket(my $socket, $family, SOCK_STREAM, 0) or do { $end{$name} = no_socket(); next };
    fcntl($socket, F_SETFL, O_NONBLOCK);
    if (connect($socket, $to) || $!{EINPROGRESS}) { $open{$name} = $socket } else { $end{$name} = verdict_of($! + 0) }
  }
  my $until = now() + $limit;
  while (%open && now() < $until) {
    my $bits = '';
    vec($bits, fileno $_, 1) = 1 for values %open;
    select(undef, my $ready = $bits, undef, 0.1);
    for my $name (keys %open) {
      next unless vec($ready, fileno $open{$name}, 1);
      my $socket = delete $open{$name};
      my $errno = unpack 'i', getsockopt($socket, SOL_SOCKET, SO_ERROR);
      syswrite($socket, "$token\n") unless $errno;
      $end{$name} = $errno ? verdict_of($errno) : 'connected';
    }
  }
  $end{$_} = 'silent' for keys %open;
  return %end;
}
# A kernel without IPv6 leads nowhere; one that has run out of something was not asked.
sub no_socket { return $!{EMFILE} || $!{ENFILE} || $!{ENOMEM} || $!{ENOBUFS} ? "untried ($!)" : "no-way ($!)" }
sub verdict_of {
  local $! = $_[0];
  return "answered ($!)" if $!{ECONNREFUSED} || $!{ECONNRESET};
  return "silent ($!)" if $!{EHOSTUNREACH} || $!{ETIMEDOUT};
  return "no-way ($!)";
}
# A datagram to each target; whoever answers was reached.
sub reach_udp {
  my ($limit, $payload, @targets) = @_;
  my (%socket, %end);
  for my $target (@targets) {
    my ($name, $ip, $port) = @$target;
    my ($family, $to) = eval { address_of($ip, $port) } or do { $end{$name} = 'untried'; next };
    socket(my $socket, $family, SOCK_DGRAM, 0) or do { $end{$name} = no_socket(); next };
    if (connect($socket, $to) && defined send($socket, $payload, 0)) { $socket{$name} = $socket }
    else { $end{$name} = "no-way ($!)" }
  }
  my $until = now() + $limit;
  while (%socket && now() < $until) {
    my $bits = '';
    vec($bits, fileno $_, 1) = 1 for values %socket;
    select(my $ready = $bits, undef, undef, 0.1);
    for my $name (keys %socket) {
      next unless vec($ready, fileno $socket{$name}, 1);
      $end{$name} = defined recv($socket{$name}, my $answer, 512, 0) ? 'connected' : verdict_of($! + 0);
      delete $socket{$name};
    }
  }
  $end{$_} = 'silent' for keys %socket;
  return %end;
}
# A refusal by its own kernel, of an address of its own, is no answer of anybody else.
sub outcome {
  my ($kind, %end) = @_;
  my %own = map { s/%.*//r => 1 } own_addresses(), '0.0.0.0', '::1';
  for my $name (sort keys %end) {
    my ($ip) = $name =~ /^\[?(.*?)(?:%[^:]*)?\]?:[0-9]+$/;
    if ($end{$name} =~ /^untried/) { untried("$kind $name"); next }
    tried("$kind $name: $end{$name}");
    next if $end{$name} =~ /^answered/ && ($own{$ip} || $ip =~ /^127\./);
    broke("$kind $name: $end{$name}") if $end{$name} =~ /^(connected|answered)/;
  }
}
`;

/** A whole Perl program; it says `done` when it comes to its end. */
export function perl(text: string): string {
  return `${prelude}${text}\nprint "done\\n";\n`;
}

/** The same with the means to reach for other hosts. */
export function networkPerl(text: string): string {
  return perl(`${network}${text}`);
}
