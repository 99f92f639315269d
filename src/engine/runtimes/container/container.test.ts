/** Containers: images from a real registry, run in real sandboxes. Inside, a small server runs what the event says. */
import { randomUUID } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFunctionRunner, ownFunctionRunner } from '../../../../test/support/function-runner.ts';
import { EVAL_BASE as BASE, EVAL_START as START } from '../../../../test/support/eval-image.ts';
import {
  REGISTRY_MISSING,
  startRegistry,
  type LayerEntry,
  type TestRegistry,
} from '../../../../test/support/registry.ts';
import type { Revision } from '../../invoke/contract.ts';
import type { CommandEnd } from '../../sandbox/command.ts';

describe.skipIf(REGISTRY_MISSING.length > 0)(`a container ${REGISTRY_MISSING.join()}`, () => {
  const functions = createFunctionRunner();
  let registry: TestRegistry;
  let image = '';
  beforeAll(async () => {
    registry = await startRegistry();
    image = await registry.push('team/app:1', { layers: [BASE], config: START });
  });
  afterAll(async () => {
    await functions.close();
    registry.stop();
  });

  const define = (reference: string, settings: Partial<Revision> = {}, pin = randomUUID()): Revision =>
    functions.define({}, { runtime: 'custom-container', image: { reference, pin }, ...settings });
  const ask = async (revision: Revision, code: string): Promise<string> =>
    (await functions.invoke(revision, { payload: Buffer.from(code) })).body.toString();

  test('serves calls with its own programs, variables and working directory', async () => {
    const revision = define(image, { environment: { MINE: 'function' } });
    const seen =
      'use warnings; join "|", $ENV{OWN}, $ENV{MINE}, $ENV{PATH}, $ENV{FC_FUNCTION_NAME}, readlink("/proc/self/cwd"), exists $ENV{LD_LIBRARY_PATH} ? "set" : "unset"';
    expect(await ask(revision, seen.replace('use warnings; ', ''))).toBe(
      `image|function|/usr/bin|${revision.function}|/app|unset`,
    );
    expect(functions.runner.runtimes()['custom-container']).toMatchObject({ state: 'exact' });
  });

  test('sees its image and nothing of the host’s data; it is a plain user and may write to /tmp only', async () => {
    const revision = define(image);
    const list = (path: string) =>
      ask(revision, `opendir(my $d, "${path}"); join ",", sort grep !/^\\.\\.?$/, readdir $d`);
    expect(await list('/')).toBe('.fc,app,dev,etc,lib,lib64,proc,tmp,usr');
    expect([await list('/.fc'), await list('/etc'), await list('/tmp')]).toEqual([
      'usr',
      'hosts,resolv.conf',
      '',
    ]);
    expect(await ask(revision, '"$< $> $(" . " " . (-e "/root" ? 1 : 0)')).toBe('10003 10003 10003 0');
    const resolver = '-s "/etc/resolv.conf" ? "named" : "none"';
    expect(await ask(revision, resolver)).toBe('none');
    const { network } = functions.runner.limits;
    expect(await ask(define(image, { internetAccess: true }), resolver)).toBe(
      network.state === 'internet' ? 'named' : 'none',
    );
    const write = (path: string) => ask(revision, `open(my $f, ">", "${path}") ? "written" : "$!"`);
    expect(await write('/app/new')).toBe('Read-only file system');
    expect(await write('/etc/new')).toBe('Read-only file system');
    expect(await write('/tmp/new')).toBe('written');
    expect(
      await ask(
        revision,
        'open(my $f, "<", "/proc/self/status"); join "", grep /^(CapEff|CapBnd|NoNewPrivs|Seccomp):/, <$f>',
      ),
    ).toBe('CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n');
  });

  test('is asked to initialize, for event and HTTP calls, and before freeze and end', async () => {
    const hook = { handler: 'any', timeoutMs: 10_000 };
    const revision = define(image, { initializer: 'any', hooks: { preFreeze: hook, preStop: hook } });
    const seen = 'join ",", @seen';
    expect(await ask(revision, seen)).toBe('POST /initialize,POST /invoke');
    const head = { method: 'PUT', path: '/a/b', query: 'k=1' };
    const { status, body } = await functions.request(revision, head, { payload: Buffer.from(seen) });
    expect({ status, last: body.split(',').at(-1) }).toEqual({ status: 200, last: 'PUT /a/b?k=1' });
    await expect.poll(() => functions.lines(revision)).toContain('GET /pre-freeze');
    functions.runner.retire(revision.key);
    await expect.poll(() => functions.lines(revision)).toContain('GET /pre-stop');
  });

  test('that ends itself or takes too long fails its call as any function does', async () => {
    const ends = await functions.invoke(define(image), { payload: Buffer.from('exit 3') });
    expect(ends.body.toString()).toContain('Process exited unexpectedly before completing request');
    expect(ends.log.toString()).toContain(', Error: Process exited with code 3\n');
    const late = await functions.invoke(define(image, { timeoutMs: 300 }), {
      payload: Buffer.from('sleep 60'),
    });
    expect(late.body.toString()).toContain('Function timed out after 0.3 seconds');
    expect([ends.outcome, late.outcome]).toEqual(['unhandled-error', 'unhandled-error']);
  });

  test('starts what command and args say instead of its own', async () => {
    const start = async (command: string[], args: string[]) =>
      ask(
        define(image, { server: { command, args, port: 8080, healthCheck: undefined } }),
        '"$0 @ARGV $ENV{FC_SERVER_PORT}"',
      );
    expect(await start([], ['a', 'b c'])).toBe('/app/server.pl a b c 8080');
    expect(await start(['/usr/bin/perl', 'server.pl'], [])).toBe('server.pl  8080');
  });

  test('keeps the digest that its tag meant when the pin was made; a new pin has the new one', async () => {
    const push = (text: string) =>
      registry.push('team/moving:latest', {
        layers: [BASE, [{ name: 'app/text', content: text }]],
        config: START,
      });
    const read = 'open(my $f, "<", "/app/text"); <$f>';
    const reference = await push('one');
    const pin = randomUUID();
    expect(await ask(define(reference, {}, pin), read)).toBe('one');
    await push('two');
    expect(await ask(define(reference, {}, pin), read)).toBe('one');
    expect(await ask(define(reference), read)).toBe('two');
    const folder = join(functions.home, 'engine/images');
    const before = readdirSync(folder).length;
    await functions.runner.images.sweep((each) => each === pin);
    expect(readdirSync(join(folder, 'pins'))).toEqual([pin]);
    expect(readdirSync(folder).length).toBeLessThan(before);
    expect(await ask(define(reference, {}, pin), read)).toBe('one');
  });

  test('is pulled once for calls that come together', async () => {
    const revision = define(image, { instanceConcurrency: 5 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(revision, '$$')));
    expect(new Set(answers).size).toBe(1);
  });

  test('cannot take part in its own start: loader, shell and tools are the host’s', async () => {
    const evil = (name: string): LayerEntry => ({
      name,
      mode: 0o4755,
      content: '#!/usr/bin/perl\nprint STDERR "evil as $<\\n"; exit 1;',
    });
    const reference = await registry.push('team/hostile:1', {
      layers: [
        BASE,
        [
          ...['usr/bin/setpriv', 'usr/bin/env', 'bin/sh', 'bin/dash'].map(evil),
          { name: 'app/evil.so', content: 'x' },
          { name: 'etc/ld.so.preload', content: '/app/evil.so\n' },
          { name: 'etc/hosts', type: 'symlink', linkname: '/app/server.pl' },
          { name: 'tmp', type: 'symlink', linkname: '/app' },
          { name: 'proc', type: 'symlink', linkname: '/app' },
          { name: '.fc/usr/lib', content: 'mine' },
        ],
      ],
      config: START,
    });
    const revision = define(reference);
    expect(await ask(revision, 'open(my $f, "<", "/etc/hosts"); join ",", $<, scalar <$f>')).toBe(
      '10003,127.0.0.1 localhost sandbox\n',
    );
    expect(functions.lines(revision).join('\n')).not.toMatch(/evil|preload/);
  });

  const REFUSED: [string, () => Promise<string>, RegExp][] = [
    [
      'an image that is not there',
      async () => `${registry.host}/no/such:1`,
      /image '.*no\/such:1' cannot be used: .*manifest unknown/,
    ],
    ['a registry that is not there', async () => '127.0.0.1:1/app:1', /connection refused/],
    [
      'an image that says nothing to start',
      () => registry.push('team/idle:1', { layers: [BASE] }),
      /neither entry point nor command/,
    ],
    [
      'a hostile image',
      () =>
        registry.push('team/escape:1', { layers: [[{ name: '../../escape', content: 'x' }]], config: START }),
      /'.*escape' leaves the image/,
    ],
    [
      'a program that its image does not have',
      () => registry.push('team/none:1', { layers: [BASE], config: { Cmd: ['/no/such'] } }),
      /code 127; .*\/no\/such: not found/,
    ],
  ];
  for (const [title, make, message] of REFUSED)
    test(`${title} is refused with the reason`, async () => {
      const revision = define(await make());
      await expect(functions.invoke(revision)).rejects.toMatchObject({
        status: 412,
        code: 'FunctionNotStarted',
        message: expect.stringMatching(message),
      });
    });

  test('has commands run on its own root, with its own programs and variables', async () => {
    const revision = define(image, { environment: { MINE: 'function' } });
    const { instanceId } = await functions.invoke(revision, { payload: Buffer.from('1') });
    const run = async (...command: [string, ...string[]]): Promise<string> => {
      const running = functions.runner.command(revision.key, instanceId, { command, terminal: undefined });
      running.stdin.end();
      const over = new Promise<CommandEnd>((resolve) => {
        running.onOver(resolve);
      });
      const out = await text(running.stdout);
      return out || JSON.stringify(await over);
    };
    expect(
      await run('perl', '-e', 'opendir(my $d, "/"); print join ",", sort(grep !/^\\.\\.?$/, readdir $d)'),
    ).toBe('.fc,app,dev,etc,lib,lib64,proc,tmp,usr');
    expect(await run('perl', '-e', 'print join "|", $ENV{OWN}, $ENV{MINE}, readlink "/proc/self/cwd"')).toBe(
      'image|function|/app',
    );
    // The host has one; the image has none.
    expect(await run('/bin/bash')).toContain('No such file or directory');
  });

  test('from a registry that asks who one is, is pulled with the operator’s credentials', async () => {
    const login = { user: 'sluice', password: 'the password' };
    const closed = await startRegistry(login);
    try {
      const reference = await closed.push('team/app:1', { layers: [BASE], config: START });
      await expect(functions.invoke(define(reference))).rejects.toMatchObject({
        message: expect.stringMatching(/authentication required|unauthorized/),
      });
      const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64');
      writeFileSync(
        join(functions.home, 'registry-auth.json'),
        JSON.stringify({ auths: { [closed.host]: { auth } } }),
      );
      expect(await ask(define(reference), '"in"')).toBe('in');
    } finally {
      closed.stop();
    }
  });

  test('does not run without a sandbox', async () => {
    const bare = ownFunctionRunner({}, 'off');
    await expect(bare.invoke(define(image))).rejects.toMatchObject({ code: 'RuntimeNotAvailable' });
  });
});
