# Connects to servers inside the network namespaces of instances and hands the connections over. A socket belongs to
# the namespace that it was made in, wherever it is used, and only setns(2) makes one elsewhere. Node.js cannot call it.
#
# Speaks with dialler.ts over the channel of child_process.fork: one JSON text a line, from there
# "<number> <descriptor of the engine that holds the namespace> <port> <milliseconds to wait>", back
# "<number> <errno or 0> <reason>" or the message by which Node.js passes a socket. Each dial is a child of its own: it
# may wait, and nothing of where it went is left behind.
use strict;
use warnings;
use Errno qw(ECONNREFUSED ENETUNREACH EINTR);
use POSIX ();
use Socket;

# Numbers of system calls: setns, sendmsg.
my %CALLS = (x86_64 => [308, 46], aarch64 => [268, 211]);
my ($SETNS, $SENDMSG) = @{ $CALLS{ (POSIX::uname())[4] } or die "unknown machine\n" };
my ($CLONE_NEWUSER, $CLONE_NEWNET, $NS_GET_USERNS) = (0x10000000, 0x40000000, 0xb701);
my $PAUSE_MS = 5;

my ($engine, $helper) = (getppid, $$);
open my $channel, '+<&=', $ENV{NODE_CHANNEL_FD} or die "no channel: $!\n";
$SIG{CHLD} = 'IGNORE';

my $held = '';
while (1) {
  my $read = sysread $channel, $held, 4096, length $held;
  next if !defined $read && $! == EINTR;
  exit 0 if !$read;
  while ($held =~ s/^(.*)\n//) {
    # Other lines are acknowledgements of Node.js.
    next if $1 !~ /^"(\d+) (\d+) (\d+) (\d+)"$/;
    my ($number, $namespace, $port, $wait_ms) = ($1, $2, $3, $4);
    my $child = fork;
    answer($number, 'fork') if !defined $child;
    next if !defined $child || $child;
    serve($number, $namespace, $port, $wait_ms);
    POSIX::_exit(0);
  }
}

sub serve {
  my ($number, $namespace, $port, $wait_ms) = @_;
  # Its own opening of the same namespace: the engine's number of it may mean something else in a moment.
  open my $net, '<', "/proc/$engine/fd/$namespace" or return answer($number, 'open');
  if ($> != 0) {
    # Without root it takes the capabilities of the user namespace that owns this one, which is ours.
    my $owner = ioctl $net, $NS_GET_USERNS, 0 or return answer($number, 'owner');
    syscall($SETNS, $owner + 0, $CLONE_NEWUSER) == 0 or return answer($number, 'setns user');
  }
  syscall($SETNS, fileno $net, $CLONE_NEWNET) == 0 or return answer($number, 'setns net');
  my $address = pack_sockaddr_in($port, INADDR_LOOPBACK);
  while (1) {
    socket my $socket, PF_INET, SOCK_STREAM, 0 or return answer($number, 'socket');
    return hand_over($number, $socket) if connect $socket, $address;
    return if getppid != $helper;
    # Unreachable: the sandbox has not set up its loopback yet.
    my $is_early = $! == ECONNREFUSED || $! == ENETUNREACH;
    return answer($number, 'connect') if !$is_early || ($wait_ms -= $PAUSE_MS) < 0;
    select undef, undef, undef, $PAUSE_MS / 1000;
  }
}

sub hand_over {
  my ($number, $socket) = @_;
  my $text = qq({"cmd":"NODE_HANDLE","type":"net.Socket","msg":"$number 0 "}\n);
  my $iovec = pack 'P L!', $text, length $text;
  # struct cmsghdr { size_t len; int level = SOL_SOCKET; int type = SCM_RIGHTS } and one descriptor.
  my $control = pack 'L! i i i x4', 20, 1, 1, fileno $socket;
  my $message = pack 'L! L! P L! P L! i x4', 0, 0, $iovec, 1, $control, length $control, 0;
  syscall($SENDMSG, fileno $channel, $message, 0) > 0 or answer($number, 'sendmsg');
}

sub answer {
  my ($number, $what) = @_;
  syswrite $channel, sprintf qq("%d %d %s: %s"\n), $number, $!, $what, $!;
}
