# Runs one command inside a sandbox that runs already, as what the sandbox's own processes are: its namespaces, root,
# cgroups, plain user without capabilities, no_new_privs, seccomp filter. Whatever is done with more rights than that is
# done by this program itself; nothing that lies in the sandbox is run or loaded before the last of them is gone.
#
# Speaks with command.ts: 0, 1, 2 are the command's input and output, 3 is a socket, 4 an open folder /proc/N of the
# sandbox's first process. By 3 come the settings, a length and then fields with a length each, and later lines
# "COLUMNS ROWS"; back go the lines "started", "failed <why>" and "exit <status>". When 3 ends, so does this.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR EINVAL);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK O_RDWR O_NOCTTY);
use POSIX ();

# Numbers of system calls on x86_64 and aarch64.
my %COLUMN = (x86_64 => 0, aarch64 => 1);
my $column = $COLUMN{ (POSIX::uname())[4] };
defined $column or die "unknown machine\n";
my %CALLS = (
  setns => [308, 268], prctl => [157, 167], capset => [126, 91], setgroups => [116, 159],
  setresgid => [119, 149], setresuid => [117, 147], prlimit64 => [302, 261],
);
sub call { my ($name, @rest) = @_; return syscall $CALLS{$name}[$column], @rest; }

my %NAMESPACES = (
  mnt => 0x20000, cgroup => 0x2000000, uts => 0x4000000, ipc => 0x8000000, user => 0x10000000,
  pid => 0x20000000, net => 0x40000000,
);
my $NS_GET_USERNS = 0xb701;
my ($PDEATHSIG, $DUMPABLE, $SECCOMP, $BOUNDING_DROP, $NO_NEW_PRIVS, $AMBIENT) = (1, 4, 22, 24, 38, 47);
my ($TIOCSPTLCK, $TIOCGPTN, $TIOCSCTTY, $TIOCSWINSZ) = (0x40045431, 0x80045430, 0x540e, 0x5414);
my ($RLIMIT_CORE, $RLIMIT_NOFILE) = (4, 7);
my $OPEN_FILES = 1024;
# The sandbox's processes may read command lines of others in it: no path of the host is on this one.
$0 = 'enter';
my ($CHUNK, $GRACE_S) = (65536, 0.2);
my $LAST_DESCRIPTOR = 255;

open my $control, '+<&=', 3 or die "no control socket: $!\n";
$SIG{PIPE} = 'IGNORE';
my ($uid, $gid, $is_root, $columns, $rows, $is_tty, $folder, $seccomp_file, @lists) = unpack '(N/a*)*', read_settings();
my @join_files = splice @lists, 1, $lists[0];
shift @lists;
my @environment = splice @lists, 1, $lists[0];
shift @lists;
my @command = @lists;

# Nobody of the same user reads this memory before the command has replaced it.
call('prctl', $DUMPABLE, 0, 0, 0, 0) == 0 or fail('dumpable');
my $filter = '';
if ($seccomp_file ne '') {
  open my $file, '<:raw', $seccomp_file or fail('the seccomp filter');
  local $/;
  $filter = <$file>;
}
my @groups = map { open my $file, '>', $_ or fail('a cgroup'); $file } @join_files;
enter();
my ($master, $terminal) = $is_tty ? open_terminal() : ();
my @pipes = $is_tty ? () : map { pipe my $from, my $to or fail('a pipe'); [$from, $to] } 0 .. 2;
pipe my $status_in, my $status_out or fail('a pipe');
my $child = fork;
defined $child or fail('fork');
become_command() if $child == 0;

close $_ for @groups, $status_out, $is_tty ? $terminal : ($pipes[0][0], $pipes[1][1], $pipes[2][1]);
drop(\&fail);
# Empty, once the command has replaced the child.
my $fault = do { local $/; <$status_in> };
if (defined $fault && $fault ne '') {
  waitpid $child, 0;
  answer("failed $fault");
  exit 0;
}
answer('started');
relay();

# A short message that comes whole, and its length in front.
sub read_settings {
  my $length = unpack 'N', read_exactly(4);
  return read_exactly($length);
}

sub read_exactly {
  my ($left) = @_;
  my $bytes = '';
  while ($left > 0) {
    my $read = sysread $control, $bytes, $left, length $bytes;
    next if !defined $read && $! == EINTR;
    exit 0 if !$read;
    $left -= $read;
  }
  return $bytes;
}

sub answer {
  my ($line) = @_;
  $line =~ s/\n/ /g;
  syswrite $control, "$line\n";
}

sub fail {
  answer("failed $_[0]: $!");
  exit 0;
}

# All that is there of the first process: where its namespaces are those of this process, they stay.
sub enter {
  my %opened;
  for my $name (keys %NAMESPACES) {
    my $path = "/proc/self/fd/4/ns/$name";
    my ($theirs, $ours) = (readlink $path, readlink "/proc/self/ns/$name");
    defined $theirs or fail("namespace $name");
    next if $theirs eq $ours;
    open $opened{$name}, '<', $path or fail("namespace $name");
  }
  opendir my $root, '/proc/self/fd/4/root' or fail('root');
  my $user = delete $opened{user};
  if ($user) {
    # Without root it takes the capabilities of the user namespace that the mounts belong to, which is ours.
    my $owner = ioctl $opened{mnt}, $NS_GET_USERNS, 0 or fail('the owner of its namespaces');
    call('setns', $owner + 0, $NAMESPACES{user}) == 0 or fail('the owner of its namespaces');
  }
  for my $name (qw(cgroup uts ipc net pid mnt)) {
    next if !$opened{$name};
    call('setns', fileno $opened{$name}, $NAMESPACES{$name}) == 0 or fail("namespace $name");
  }
  chdir $root or fail('root');
  chroot '.' or fail('root');
  # EINVAL: it is in that one already.
  !$user || call('setns', fileno $user, $NAMESPACES{user}) == 0 || $! == EINVAL or fail('the user namespace');
  POSIX::close(4);
}

sub open_terminal {
  sysopen my $ours, '/dev/pts/ptmx', O_RDWR | O_NOCTTY or fail('a terminal');
  my ($unlocked, $number) = (pack('i', 0), pack('I', 0));
  ioctl $ours, $TIOCSPTLCK, $unlocked or fail('a terminal');
  ioctl $ours, $TIOCGPTN, $number or fail('a terminal');
  sysopen my $theirs, '/dev/pts/' . unpack('I', $number), O_RDWR | O_NOCTTY or fail('a terminal');
  !$is_root || chown $uid, $gid, $theirs or fail('a terminal');
  resize($ours, $columns, $rows);
  return ($ours, $theirs);
}

sub resize {
  my ($terminal, $width, $height) = @_;
  my $size = pack 'S4', $height, $width, 0, 0;
  ioctl $terminal, $TIOCSWINSZ, $size;
}

# The plain user without groups and capabilities, for good.
sub drop {
  my ($stop) = @_;
  for my $capability (0 .. 63) {
    last if call('prctl', $BOUNDING_DROP, $capability, 0, 0, 0) != 0;
  }
  call('prctl', $AMBIENT, 4, 0, 0, 0);
  if ($is_root) {
    call('setgroups', 0, 0) == 0 or $stop->('groups');
    call('setresgid', $gid + 0, $gid + 0, $gid + 0) == 0 or $stop->('group');
    call('setresuid', $uid + 0, $uid + 0, $uid + 0) == 0 or $stop->('user');
  }
  my $header = pack 'L i', 0x20080522, 0;
  my $none = pack 'L6', (0) x 6;
  call('capset', $header, $none) == 0 or $stop->('capabilities');
  call('prctl', $NO_NEW_PRIVS, 1, 0, 0, 0) == 0 or $stop->('no new privileges');
}

sub become_command {
  open my $report, '>&=', fileno $status_out;
  my $stop = sub { syswrite $report, "$_[0]: $!"; POSIX::_exit(126) };
  for my $file (@groups) {
    defined syswrite $file, '0' or $stop->('a cgroup');
  }
  POSIX::setsid();
  my @ends = $is_tty ? ($terminal) x 3 : ($pipes[0][0], $pipes[1][1], $pipes[2][1]);
  ioctl $terminal, $TIOCSCTTY, 0 or $stop->('a terminal') if $is_tty;
  defined POSIX::dup2(fileno $ends[$_], $_) or $stop->('a descriptor') for 0 .. 2;
  for my $descriptor (3 .. $LAST_DESCRIPTOR) {
    POSIX::close($descriptor) if $descriptor != fileno $report;
  }
  # Of `prlimit64`, for itself.
  call('prlimit64', 0, $RLIMIT_CORE, pack('Q2', 0, 0), 0);
  call('prlimit64', 0, $RLIMIT_NOFILE, pack('Q2', $OPEN_FILES, $OPEN_FILES), 0) == 0 or $stop->('limits');
  drop($stop);
  call('prctl', $PDEATHSIG, 9, 0, 0, 0) == 0 or $stop->('the end with its socket');
  if ($filter ne '') {
    my $program = pack 'S x6 P', length($filter) / 8, $filter;
    call('prctl', $SECCOMP, 2, $program, 0, 0) == 0 or $stop->('the seccomp filter');
  }
  chdir $folder or $stop->($folder);
  $SIG{PIPE} = 'DEFAULT';
  %ENV = map { split /=/, $_, 2 } @environment;
  no warnings 'exec';
  exec { $command[0] } @command or $stop->($command[0]);
}

# Input and output between the engine and the command, none waiting for another, until the command is over.
sub relay {
  my @ways = $is_tty
    ? ({ from => \*STDIN, to => $master }, { from => $master, to => \*STDOUT })
    : (
      { from => \*STDIN, to => $pipes[0][1] },
      { from => $pipes[1][0], to => \*STDOUT },
      { from => $pipes[2][0], to => \*STDERR },
    );
  for my $way (@ways) {
    $way->{held} = '';
    for my $end (@$way{qw(from to)}) { fcntl $end, F_SETFL, (fcntl $end, F_GETFL, 0) | O_NONBLOCK }
  }
  my ($input, @output) = @ways;
  my ($status, $is_quiet, $line) = (undef, 0, '');
  local $SIG{CHLD} = sub { };
  while (1) {
    if (!defined $status && waitpid($child, POSIX::WNOHANG()) == $child) {
      $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    }
    # What it left running may hold its output open for ever.
    last if defined $status && ($is_quiet || !grep { $_->{from} || $_->{held} ne '' } @output);
    my ($readable, $writable) = ('', '');
    vec($readable, 3, 1) = 1;
    for my $way (@ways) {
      vec($writable, fileno $way->{to}, 1) = 1 if $way->{held} ne '';
      vec($readable, fileno $way->{from}, 1) = 1 if $way->{from} && $way->{held} eq '';
    }
    my $found = select $readable, $writable, undef, $GRACE_S;
    $is_quiet = defined $status && $found == 0;
    next if $found <= 0;
    if (vec $readable, 3, 1) {
      my $read = sysread $control, $line, 256, length $line;
      exit 0 if defined $read && $read == 0;
      while ($line =~ s/^(\d+) (\d+)\n//) { resize($master, $1, $2) if $is_tty }
    }
    for my $way (@ways) { pass($way, $readable, $writable) }
    if (!$is_tty && $input->{to} && !$input->{from} && $input->{held} eq '') { close delete $input->{to} }
  }
  answer("exit $status");
}

sub pass {
  my ($way, $readable, $writable) = @_;
  if ($way->{from} && vec $readable, fileno $way->{from}, 1) {
    my $read = sysread $way->{from}, $way->{held}, $CHUNK;
    # A terminal that nobody has open any more ends with EIO.
    delete $way->{from} if defined $read ? $read == 0 : $! != EAGAIN && $! != EINTR;
    $way->{held} = '' if !$read;
  }
  if ($way->{held} ne '' && vec $writable, fileno $way->{to}, 1) {
    my $written = syswrite $way->{to}, $way->{held};
    if (defined $written) { substr($way->{held}, 0, $written) = '' }
    elsif ($! != EAGAIN && $! != EINTR) {
      # Nobody takes any more: whoever gives has to know, or it would wait for ever.
      close delete $way->{from} if $way->{from};
      $way->{held} = '';
    }
  }
}
