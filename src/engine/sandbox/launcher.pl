# Starts processes for the engine. A fork copies the page tables of whoever forks and keeps it from everything else
# meanwhile: some 17 ms for an engine of 200 MB, a quarter of a millisecond for this program.
#
# Speaks with launcher.ts, which connects to the socket "launcher.sock" in this program's folder: for each start a control
# connection and one for each of its sockets. All begin with the start's number and the descriptor, or $CONTROL. Then, by the
# control connection, come a length and fields with a length each; later "k", to kill; its end says that the process's number
# is needed no longer. Back go the lines "started <number>", "failed <why>" and "exit <status> <signal or 0>". When 0 ends, so
# does this.
use strict;
use warnings;
use Errno qw(EINTR);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use POSIX ();
use Socket;

# Numbers of system calls: waitid, which tells of an end and leaves the process's number taken; prctl.
my %CALLS = (x86_64 => [247, 157], aarch64 => [95, 167]);
my ($WAITID, $PRCTL) = @{ $CALLS{ (POSIX::uname())[4] } or die "unknown machine\n" };
my ($PDEATHSIG, $SIGKILL) = (1, 9);
my ($P_PID, $WNOHANG, $WEXITED, $WNOWAIT, $CLD_EXITED) = (1, 1, 4, 0x1000000, 1);
my ($F_DUPFD_CLOEXEC, $ABOVE) = (1030, 64);
# Seven connections a start; Linux cuts it to net.core.somaxconn, which is as much by default.
my $BACKLOG = 4096;
my ($LOOK_S, $PAUSE_S) = (1, 0.01);
my $SOCKET = 'launcher.sock';
my $CONTROL = 0xffffffff;
# Linux may schedule by sessions: what starts is in the way of nobody who is called.
my $BEHIND = 10;

my $launcher = $$;
POSIX::setsid();
if (open my $session, '>', '/proc/self/autogroup') { print $session $BEHIND }
$SIG{$_} = 'IGNORE' for qw(HUP INT TERM PIPE);
pipe my $woken, my $wake or die "pipe: $!\n";
fcntl $_, F_SETFL, fcntl($_, F_GETFL, 0) | O_NONBLOCK for $woken, $wake;
$SIG{CHLD} = sub { syswrite $wake, '.' };

my $mask = umask 0177;
unlink $SOCKET;
socket my $server, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
bind $server, pack_sockaddr_un($SOCKET) or die "bind: $!\n";
listen $server, $BACKLOG or die "listen: $!\n";
umask $mask;
syswrite STDOUT, "listening\n";

# Starts that are not whole yet: number of each → its control connection, what it said (given: of each descriptor "socket",
# nothing, or a file to read), what it has by its descriptors, and how many sockets are missing.
my %coming;
# Number of each process → its control connection, and what is known of its end.
my %processes;
# Descriptor of each control connection → itself, and what it is about: a start or a process.
my %heard;

while (1) {
  my $asked = '';
  vec($asked, fileno $_, 1) = 1 for *STDIN, $server, $woken;
  vec($asked, $_, 1) = 1 for keys %heard;
  # A signal that comes just before it sleeps wakes nobody, and is heard when it wakes.
  my $found = select my $ready = $asked, undef, undef, %processes ? $LOOK_S : undef;
  next if $found < 0;
  report_ends() if $found == 0;
  exit 0 if vec $ready, fileno(STDIN), 1;
  if (vec $ready, fileno $woken, 1) {
    sysread $woken, my $ignored, 4096;
    report_ends();
  }
  for my $descriptor (keys %heard) { hear($descriptor) if vec $ready, $descriptor, 1 }
  welcome() if vec $ready, fileno $server, 1;
}

sub welcome {
  my $connection;
  # Without a free descriptor it stays in the queue, and would be found there at once.
  accept $connection, $server or return select undef, undef, undef, $PAUSE_S;
  my ($start, $descriptor) = unpack 'NN', read_whole($connection, 8) // return;
  if ($descriptor == $CONTROL) {
    my $length = unpack 'N', read_whole($connection, 4) // return;
    my ($folder, $descriptors, $variables, @words) = unpack '(N/a*)*', read_whole($connection, $length) // return;
    my @given = splice @words, 0, $descriptors;
    my @environment = splice @words, 0, $variables;
    $coming{$start} = {
      control => $connection, folder => $folder, given => \@given, environment => \@environment, words => \@words,
      files => [], missing => scalar grep { $_ eq 'socket' } @given,
    };
    $heard{ fileno $connection } = { control => $connection, start => $start };
  }
  # The control connection comes first: without it nobody waits for this one any more.
  elsif (my $coming = $coming{$start}) {
    $coming->{files}[$descriptor] = $connection;
    $coming->{missing} -= 1;
  }
  launch($start) if $coming{$start} && $coming{$start}{missing} == 0;
}

sub launch {
  my ($start) = @_;
  my $coming = delete $coming{$start};
  my ($control, $given, $files) = @$coming{qw(control given files)};
  # Programs take it for granted that there is something on 0, 1 and 2.
  for my $at (grep { $given->[$_] ne 'socket' && ($given->[$_] ne '' || $_ <= 2) } 0 .. $#$given) {
    my ($mode, $path) = $given->[$at] eq '' ? ('+<', '/dev/null') : ('<', $given->[$at]);
    open $files->[$at], $mode, $path or return write_line($control, "failed $path: $!");
  }
  my $number = fork;
  return write_line($control, "failed fork: $!") if !defined $number;
  become($coming) if $number == 0;
  $processes{$number} = { control => $control, over => 0, alone => 0 };
  $heard{ fileno $control } = { control => $control, process => $number };
  write_line($control, "started $number");
}

# Never comes back.
sub become {
  my ($control, $folder, $files, $environment, $words) = @{ $_[0] }{qw(control folder files environment words)};
  $SIG{$_} = 'DEFAULT' for qw(HUP INT TERM PIPE CHLD);
  # Nothing stays that this program is not the parent of.
  syscall $PRCTL, $PDEATHSIG, $SIGKILL, 0, 0, 0;
  POSIX::_exit(127) if getppid != $launcher;
  my $report = fcntl $control, $F_DUPFD_CLOEXEC, $ABOVE;
  # Out of each other's way first.
  my @sources;
  for my $descriptor (grep { $files->[$_] } 0 .. $#$files) {
    $sources[$descriptor] = fcntl $files->[$descriptor], $F_DUPFD_CLOEXEC, $ABOVE or give_up($report, 'a descriptor');
  }
  for my $descriptor (grep { $sources[$_] } 0 .. $#sources) { POSIX::dup2($sources[$descriptor], $descriptor) }
  %ENV = map { split /=/, $_, 2 } @$environment;
  chdir $folder or give_up($report, $folder);
  exec { $words->[0] } @$words or give_up($report, $words->[0]);
}

sub give_up {
  my ($report, $what) = @_;
  my $why = "failed $what: $!\n";
  POSIX::write($report // -1, $why, length $why);
  POSIX::_exit(127);
}

sub hear {
  my ($descriptor) = @_;
  my ($control, $start, $number) = @{ $heard{$descriptor} }{qw(control start process)};
  my $process = defined $number ? $processes{$number} : undef;
  my $read = sysread $control, my $said, 16;
  return if !defined $read && $! == EINTR;
  if ($process && !$process->{over}) { kill KILL => $number }
  # It need not be started any more; its sockets go with it.
  elsif (!$process && delete $coming{$start}) { write_line($control, "exit 0 $SIGKILL") }
  return if $read;
  delete $heard{$descriptor};
  close $control;
  return if !$process;
  if ($process->{over}) { forget($number) }
  else { $process->{alone} = 1 }
}

sub report_ends {
  for my $number (grep { !$processes{$_}{over} } keys %processes) {
    my $info = "\0" x 128;
    syscall($WAITID, $P_PID, $number + 0, $info, $WEXITED | $WNOHANG | $WNOWAIT, 0) == 0 or next;
    # siginfo_t: signal, errno, code, (padding,) process, user, status
    my (undef, undef, $code, undef, $ended, undef, $status) = unpack 'i7', $info;
    next if !$ended;
    my $process = $processes{$number};
    $process->{over} = 1;
    if ($process->{alone}) { forget($number) }
    else { write_line($process->{control}, $code == $CLD_EXITED ? "exit $status 0" : "exit 0 $status") }
  }
}

# From now on its number may come to mean another process.
sub forget {
  my ($number) = @_;
  waitpid $number, 0;
  delete $processes{$number};
}

sub write_line {
  my ($control, $line) = @_;
  syswrite $control, "$line\n";
  return;
}

sub read_whole {
  my ($from, $length) = @_;
  my $held = '';
  while (length $held < $length) {
    my $read = sysread $from, $held, $length - length $held, length $held;
    next if !defined $read && $! == EINTR;
    return if !$read;
  }
  return $held;
}
