# Shows folders of the host, read-only, in the mount namespaces of sandboxes that wait for their function. A mount that
# was taken off the host's tree (open_tree) can be put anywhere (move_mount), and only setns(2) makes "anywhere" mean
# another namespace. Node.js cannot call any of them.
#
# Speaks with perl-helper.ts over the channel of child_process.fork: one JSON text a line, from there
# "<number> <descriptor of the engine that holds the namespace> <folder> <place inside> …", paths in hexadecimal, back
# "<number> <errno or 0> <reason>". Each question is a child of its own: where it went, nothing comes back from.
use strict;
use warnings;
use Errno qw(EINTR);
use POSIX ();

# Numbers of system calls: setns. The others have the same number on every machine.
my $SETNS = { x86_64 => 308, aarch64 => 268 }->{ (POSIX::uname())[4] } or die "unknown machine\n";
my ($OPEN_TREE, $MOVE_MOUNT, $MOUNT_SETATTR) = (428, 429, 442);
my ($CLONE_NEWNS, $AT_FDCWD, $AT_EMPTY_PATH, $AT_RECURSIVE) = (0x20000, -100, 0x1000, 0x8000);
my ($OPEN_TREE_CLONE, $O_CLOEXEC, $FROM_EMPTY_PATH) = (1, 0x80000, 4);
# struct mount_attr: MOUNT_ATTR_RDONLY | NOSUID | NODEV, nothing cleared, MS_PRIVATE, no user namespace.
my $ATTRIBUTES = pack 'Q4', 7, 0, 1 << 18, 0;

umask 0022;
my $engine = getppid;
open my $channel, '+<&=', $ENV{NODE_CHANNEL_FD} or die "no channel: $!\n";
$SIG{CHLD} = 'IGNORE';

my $held = '';
while (1) {
  my $read = sysread $channel, $held, 65536, length $held;
  next if !defined $read && $! == EINTR;
  exit 0 if !$read;
  while ($held =~ s/^(.*)\n//) {
    # Other lines are acknowledgements of Node.js.
    next if $1 !~ /^"(\d+) (\d+) ([0-9a-f ]+)"$/;
    my ($number, $namespace, @paths) = ($1, $2, map { pack 'H*', $_ } split / /, $3);
    my $child = fork;
    answer($number, 'fork') if !defined $child;
    next if !defined $child || $child;
    show($number, $namespace, @paths);
    POSIX::_exit(0);
  }
}

sub show {
  my ($number, $namespace, @paths) = @_;
  my ($empty, @trees) = ('');
  open my $mounts, '<', "/proc/$engine/fd/$namespace" or return answer($number, 'open');
  for (my $at = 0; $at < @paths; $at += 2) {
    my $tree = syscall $OPEN_TREE, $AT_FDCWD, $paths[$at], $OPEN_TREE_CLONE | $O_CLOEXEC | $AT_RECURSIVE;
    return answer($number, "open_tree $paths[$at]") if $tree < 0;
    syscall($MOUNT_SETATTR, $tree, $empty, $AT_EMPTY_PATH | $AT_RECURSIVE, $ATTRIBUTES, length $ATTRIBUTES) == 0
      or return answer($number, "mount_setattr $paths[$at]");
    push @trees, [$tree, $paths[$at + 1]];
  }
  syscall($SETNS, fileno $mounts, $CLONE_NEWNS) == 0 or return answer($number, 'setns');
  for my $tree (@trees) {
    my ($from, $to) = @$tree;
    # It is there already, or moving the mount will say why not.
    mkdir $to, 0755;
    syscall($MOVE_MOUNT, $from, $empty, $AT_FDCWD, $to, $FROM_EMPTY_PATH) == 0
      or return answer($number, "move_mount $to");
  }
  $! = 0;
  answer($number, 'shown');
}

sub answer {
  my ($number, $what) = @_;
  my $error = $! + 0;
  $what =~ s/[^ -!#-\[\]-~]/?/g;
  syswrite $channel, sprintf qq("%d %d %s%s"\n), $number, $error, $what, $error ? ": $!" : '';
}
