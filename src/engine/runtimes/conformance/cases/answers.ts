/** Events in, answers out: bytes on the wire, sizes, and what stays between calls (runtimes.md §1 to §6, §11 Limits). */
import { expect } from 'vitest';
import { simple, type ConformanceCase } from '../case.ts';

const MAX_BYTES = 6 * 1024 * 1024;

function everyByte(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 31) & 0xff;
  return bytes;
}

export const ANSWERS: readonly ConformanceCase[] = [
  simple({ title: 'nothing is an empty body', fixture: 'nothing', body: '' }),
  simple({ title: 'bytes pass as they are', fixture: 'bytes', body: 'bytes' }),
  simple({ title: 'an object is JSON', fixture: 'object', body: '{"a":[1,null]}' }),
  simple({ title: 'a text is UTF-8 without quotes', fixture: 'text', body: 'text é' }),
  simple({ title: 'an integer is its digits', fixture: 'integer', body: '42' }),
  simple({ title: 'a fraction is its digits', fixture: 'fraction', body: '1.5' }),
  simple({ title: 'a boolean is its word', fixture: 'boolean', body: 'false' }),
  simple({ title: 'an empty text is an empty body', fixture: 'emptyText', body: '' }),
  simple({ title: 'an empty event is an empty event', fixture: 'echo', body: '' }),
  simple({
    title: 'an event of JSON is not touched',
    fixture: 'echo',
    call: { payload: Buffer.from('{ "a" : 1 }\n') },
    body: '{ "a" : 1 }\n',
  }),
  {
    title: 'the largest event and the largest answer pass byte for byte',
    fixture: 'echo',
    check: async (subject) => {
      const payload = everyByte(MAX_BYTES);
      const result = await subject.run('echo', {}, { payload });
      expect(result.outcome).toBe('ok');
      expect(result.body.equals(payload)).toBe(true);
    },
  },
  {
    title: 'an answer over the limit is refused with its size, and the instance lives on',
    fixture: 'large',
    check: async (subject) => {
      const revision = await subject.define('large');
      const { instanceId } = await subject.invoke(revision, { payload: Buffer.from('3') });
      await expect(
        subject.invoke(revision, { payload: Buffer.from(String(MAX_BYTES + 1)) }),
      ).rejects.toMatchObject({
        status: 413,
        code: 'EntityTooLarge',
        message: `the function's response has ${MAX_BYTES + 1} bytes, the limit is ${MAX_BYTES}`,
      });
      expect(await subject.invoke(revision, { payload: Buffer.from('3') })).toMatchObject({
        outcome: 'ok',
        instanceId,
      });
    },
  },
  simple({ title: 'a handler may lie in folders', fixture: 'nested', body: 'deep' }),
  simple({ title: 'other files of the package are found', fixture: 'dependency', body: 'dependency' }),
  {
    title: 'what a call leaves in memory, the next one finds',
    fixture: 'counter',
    check: async (subject) => {
      const revision = await subject.define('counter');
      const bodies = [];
      for (let call = 0; call < 3; call += 1) bodies.push((await subject.invoke(revision)).body.toString());
      expect(bodies).toEqual(['1', '2', '3']);
    },
  },
  {
    title: 'calls at the same time share an instance that may take several',
    fixture: 'sleeper',
    concurrent: true,
    check: async (subject) => {
      const revision = await subject.define('sleeper', { instanceConcurrency: 4 });
      const { instanceId } = await subject.invoke(revision, { payload: Buffer.from('0') });
      const events = ['400', '300', '200', '100'];
      const results = await Promise.all(
        events.map((event) => subject.invoke(revision, { payload: Buffer.from(event) })),
      );
      expect(results.map(({ body }) => body.toString())).toEqual(events);
      expect(new Set(results.map((result) => result.instanceId))).toEqual(new Set([instanceId]));
    },
  },
];
