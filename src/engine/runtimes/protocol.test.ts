import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeCall,
  encodeFrame,
  FrameDecoder,
  FromInstance,
  HEADER_BYTES,
  ProtocolError,
} from './protocol.ts';

const MAX = 1024;
const TYPES = Object.values(FromInstance);
/** Types that never have a payload. */
const BARE = new Set<number>([FromInstance.httpEnd, FromInstance.prepared]);

interface Frame {
  type: number;
  call: number;
  payload: Buffer;
}

const anyFrame: fc.Arbitrary<Frame> = fc
  .record({
    type: fc.constantFrom(...TYPES),
    call: fc.nat({ max: 0xffff_ffff }),
    payload: fc.uint8Array({ maxLength: MAX }).map((bytes) => Buffer.from(bytes)),
  })
  .map((frame) => (BARE.has(frame.type) ? { ...frame, payload: Buffer.alloc(0) } : frame));

function collect(): { decoder: FrameDecoder; frames: Frame[] } {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder(MAX, (type, call, payload) =>
    frames.push({ type, call, payload: Buffer.from(payload) }),
  );
  return { decoder, frames };
}

describe('FrameDecoder', () => {
  test('gives back the frames whatever the cuts — reads of a socket end anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
        (sent, cuts) => {
          const bytes = Buffer.concat(
            sent.map(({ type, call, payload }) => encodeFrame(type, call, payload)),
          );
          const { decoder, frames } = collect();
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const end = at + (cuts[turn % cuts.length] ?? 1);
            decoder.push(bytes.subarray(at, end));
            at = end;
          }
          expect(frames).toEqual(sent);
        },
      ),
    );
  });

  test('survives single bytes', () => {
    const { decoder, frames } = collect();
    const sent = { type: FromInstance.result, call: 7, payload: Buffer.alloc(MAX, 3) };
    for (const byte of encodeFrame(sent.type, sent.call, sent.payload)) decoder.push(Buffer.of(byte));
    expect(frames).toEqual([sent]);
  });

  test('random bytes end in a ProtocolError or wait for more, never in anything else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 20 }), (chunks) => {
        const { decoder } = collect();
        try {
          for (const chunk of chunks) decoder.push(Buffer.from(chunk));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  test('refuses an announced length before it is received — memory follows bytes, not claims', () => {
    const head = Buffer.alloc(HEADER_BYTES);
    head.writeUInt32BE(MAX + 1, 0);
    head[4] = FromInstance.result;
    expect(() => collect().decoder.push(head)).toThrow(/announces 1025 bytes, limit is 1024/);
    const { decoder } = collect();
    decoder.push(head.subarray(0, 5));
    expect(() => decoder.push(head.subarray(5))).toThrow(ProtocolError);
  });

  test('refuses unknown types', () => {
    expect(() => collect().decoder.push(encodeFrame(0x03, 1, Buffer.alloc(0)))).toThrow(
      'unknown frame type 0x3',
    );
  });
});

describe('encodeCall', () => {
  const header = { requestId: 'id-é', qualifier: 'PROD', retryCount: 3, isProbe: false };
  const body = Buffer.from([0, 1, 255]);

  test('is the documented layout', () => {
    const frame = encodeCall(0x03, 9, header, body, true);
    expect(frame.readUInt32BE(0)).toBe(frame.length - HEADER_BYTES);
    expect(frame[4]).toBe(0x03);
    expect(frame.readUInt32BE(5)).toBe(9);
    expect(frame.readUInt32BE(9)).toBe(3);
    expect(frame.readUInt16BE(13)).toBe(5);
    expect(frame.toString('utf8', 15, 20)).toBe('id-é');
    expect(frame.readUInt16BE(20)).toBe(4);
    expect(frame.toString('utf8', 22, 26)).toBe('PROD');
    expect(frame.subarray(26)).toEqual(body);
  });

  test('says by the highest bit of the retry count that the call is a probe', () => {
    const frame = encodeCall(0x03, 9, { ...header, isProbe: true }, body, true);
    expect(frame.readUInt32BE(9)).toBe(0x8000_0003);
  });

  test('puts the head of an HTTP call between call header and body', () => {
    const frame = encodeCall(0x04, 9, header, body, true, '{"é":1}');
    expect(frame.readUInt32BE(0)).toBe(frame.length - HEADER_BYTES);
    expect(frame.readUInt32BE(26)).toBe(8);
    expect(frame.toString('utf8', 30, 38)).toBe('{"é":1}');
    expect(frame.subarray(38)).toEqual(body);
  });

  test('announces a body that is sent apart', () => {
    const whole = encodeCall(0x03, 9, header, body, true);
    expect(encodeCall(0x03, 9, header, body, false)).toEqual(whole.subarray(0, whole.length - body.length));
  });
});
