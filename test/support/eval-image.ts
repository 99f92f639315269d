/** The smallest image that serves HTTP: a Perl of this host, and a server that runs what it is sent, and knows what it was asked. */
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import type { LayerEntry } from './registry.ts';

/** In Perl without modules: an interpreter and four libraries are the whole image. */
const SERVER = String.raw`
$| = 1;
socket(my $listener, 2, 1, 0);
bind($listener, pack('S n a4 x8', 2, $ENV{FC_SERVER_PORT}, "\0\0\0\0")) and listen($listener, 16) or die "$!";
while (accept(my $caller, $listener)) {
  my $bytes = 0;
  my $asked;
  while (<$caller>) {
    push @seen, $asked = $1 if !$asked && /^(\S+ \S+)/;
    $bytes = $1 if /^content-length: *(\d+)/i;
    last if /^\r\n$/;
  }
  print "$asked\n" if $asked =~ /pre-/;
  read $caller, my $code, $bytes;
  my $answer = eval $code;
  $answer = $@ || '' if !defined $answer;
  print $caller "HTTP/1.0 200 OK\r\nContent-Length: " . length($answer) . "\r\n\r\n$answer";
  close $caller;
}`;

/** The files that a program of this host needs, at their own paths. */
function withLibraries(program: string): LayerEntry[] {
  const { stdout } = spawnSync('/usr/bin/ldd', [program], { encoding: 'utf8' });
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? '');
  return [program, ...libraries].map((path) => ({
    name: path.slice(1),
    mode: 0o755,
    content: readFileSync(realpathSync(path)),
  }));
}

export const EVAL_BASE: readonly LayerEntry[] = [
  ...withLibraries('/usr/bin/perl'),
  { name: 'app/server.pl', content: SERVER },
];
/** How that image says that it is started. */
export const EVAL_START = {
  Entrypoint: ['perl', '/app/server.pl'],
  Env: ['PATH=/usr/bin', 'OWN=image'],
  WorkingDir: '/app',
};
