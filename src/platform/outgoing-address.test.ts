import { expect, test } from 'vitest';
import { addressProblem, guardedLookup } from './outgoing-address.ts';

test.each([
  'https://hooks.example/sluice',
  'https://10.0.0.7/hook?key=1',
  'http://127.0.0.1:8080/x',
  'http://[::1]:8080/',
  'http://localhost/x',
])('%s may be sent to', (address) => {
  expect(addressProblem(address)).toBeNull();
});

test.each([
  ['http://hooks.example/', 'plain text on a network'],
  ['http://10.0.0.7/', 'plain text on a network'],
  ['ftp://hooks.example/', 'no web address'],
  ['hooks.example', 'no address'],
  ['https://me:secret@hooks.example/', 'a password that would be shown'],
  ['https://169.254.169.254/latest/meta-data', 'the metadata service'],
  ['https://0xa9fea9fe/', 'the same written as one number'],
  ['https://[::ffff:169.254.169.254]/', 'the same as IPv6'],
  ['https://[fe80::1]/', 'link-local'],
  ['https://100.100.100.200/', 'the metadata service of Alibaba Cloud'],
  ['https://168.63.129.16/', 'the metadata service of Azure'],
  ['https://[64:ff9b::169.254.169.254]/', 'the metadata service behind NAT64'],
  ['https://0.0.0.0/', 'this machine by another name'],
])('%s is refused — %s', (address) => {
  expect(addressProblem(address)).not.toBeNull();
});

test('a name is looked at again once it is resolved — anybody may point a name at any address', async () => {
  const resolved = (protocol: string, host: string) =>
    new Promise((done) => {
      guardedLookup(protocol)(host, { all: true }, (error, addresses) => done(error?.message ?? addresses));
    });
  expect(await resolved('http:', 'localhost')).toContainEqual(
    expect.objectContaining({ address: expect.stringMatching(/^(127\.|::1$)/) as string }),
  );
  expect(await resolved('https:', '169.254.169.254')).toContain('metadata');
  expect(await resolved('http:', '10.1.2.3')).toContain('plain http');
});
