/*
 * The framed socket to the engine (runtimes/protocol.ts): u32 length, u8 type, u32 call, payload; big endian.
 *
 * Small frames go out by one synchronous write, which costs less than the stream machinery and leaves a log line
 * visible even when the function never returns to its event loop. What the socket does not take at once is queued by
 * the stream, except log output: its writer waits, so that a function that logs without end cannot fill memory.
 */
'use strict';

const fs = require('fs');
const net = require('net');

const writeSync = fs.writeSync;
const allocUnsafe = Buffer.allocUnsafe;
const concat = Buffer.concat;
const from = Buffer.from;
const stringify = JSON.stringify;

const HEADER_BYTES = 9;
const EMPTY = Buffer.alloc(0);
/** Payloads up to this size are copied behind their header instead of being written apart. */
const INLINE_BYTES = 32 * 1024;

class Channel {
  constructor(fd, onFrame) {
    this.fd = fd;
    this.onFrame = onFrame;
    this.queued = 0;
    this.onDrained = () => {
      this.queued -= 1;
    };
    this.chunks = [];
    this.size = 0;
    this.socket = new net.Socket({ fd: fd, readable: true, writable: true });
    this.socket.on('data', (chunk) => this.receive(chunk));
    // Without its engine an instance has no purpose.
    this.socket.on('error', () => process.exit(1));
    this.socket.on('close', () => process.exit(0));
  }

  receive(chunk) {
    if (this.size > 0) {
      this.chunks.push(chunk);
      this.size += chunk.length;
      if (this.size < HEADER_BYTES) return;
      if (this.chunks[0].length < HEADER_BYTES) this.chunks = [concat(this.chunks, this.size)];
      if (this.size < HEADER_BYTES + this.chunks[0].readUInt32BE(0)) return;
      chunk = concat(this.chunks, this.size);
      this.chunks = [];
      this.size = 0;
    }
    let at = 0;
    while (chunk.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + chunk.readUInt32BE(at);
      if (chunk.length < end) break;
      this.onFrame(chunk[at + 4], chunk.readUInt32BE(at + 5), chunk.slice(at + HEADER_BYTES, end));
      at = end;
    }
    if (at < chunk.length) {
      this.chunks = [chunk.slice(at)];
      this.size = chunk.length - at;
    }
  }

  send(type, call, payload) {
    if (payload.length > INLINE_BYTES) {
      this.write(this.header(type, call, payload.length, 0));
      this.write(payload);
      return;
    }
    const frame = this.header(type, call, payload.length, payload.length);
    payload.copy(frame, HEADER_BYTES);
    this.write(frame);
  }

  sendJson(type, call, value) {
    this.send(type, call, from(stringify(value)));
  }

  /** The whole response of an HTTP call: head, pieces and end; one write where it is small. */
  sendResponse(call, head, body) {
    if (head.length + body.length > INLINE_BYTES) {
      this.send(Channel.HTTP_HEAD, call, head);
      for (let at = 0; at < body.length; at += Channel.MAX_PIECE_BYTES) {
        this.send(Channel.HTTP_BODY, call, body.slice(at, at + Channel.MAX_PIECE_BYTES));
      }
      this.send(Channel.HTTP_END, call, EMPTY);
      return;
    }
    const frames = allocUnsafe(3 * HEADER_BYTES + head.length + body.length);
    let at = putFrame(frames, 0, Channel.HTTP_HEAD, call, head);
    if (body.length > 0) at = putFrame(frames, at, Channel.HTTP_BODY, call, body);
    at = putFrame(frames, at, Channel.HTTP_END, call, EMPTY);
    this.write(at === frames.length ? frames : frames.slice(0, at));
  }

  sendTooLarge(call, size) {
    const frame = this.header(Channel.TOO_LARGE, call, 4, 4);
    frame.writeUInt32BE(Math.min(size, 0xffffffff), HEADER_BYTES);
    this.write(frame);
  }

  /** Log output; waits while the engine is slow. `payload` is at most MAX_LOG_BYTES long. */
  sendLog(call, payload) {
    const frame = this.header(Channel.LOG, call, payload.length, payload.length);
    payload.copy(frame, HEADER_BYTES);
    if (this.queued > 0) {
      this.write(frame);
      return;
    }
    let at = 0;
    while (at < frame.length) {
      const written = this.tryWrite(frame, at);
      at += written;
      if (written === 0) pause();
    }
  }

  write(buffer) {
    const written = this.queued > 0 ? 0 : this.tryWrite(buffer, 0);
    if (written === buffer.length) return;
    this.queued += 1;
    this.socket.write(written === 0 ? buffer : buffer.slice(written), this.onDrained);
  }

  tryWrite(buffer, at) {
    try {
      return writeSync(this.fd, buffer, at, buffer.length - at);
    } catch (error) {
      if (error.code === 'EAGAIN') return 0;
      return process.exit(1);
    }
  }

  header(type, call, length, room) {
    const frame = allocUnsafe(HEADER_BYTES + room);
    frame.writeUInt32BE(length, 0);
    frame[4] = type;
    frame.writeUInt32BE(call, 5);
    return frame;
  }
}

Channel.READY = 0x81;
Channel.RESULT = 0x82;
Channel.HANDLED = 0x83;
Channel.UNHANDLED = 0x84;
Channel.TOO_LARGE = 0x85;
Channel.LOG = 0x86;
Channel.HTTP_HEAD = 0x87;
Channel.HTTP_BODY = 0x88;
Channel.HTTP_END = 0x89;
Channel.PREPARED = 0x8a;
Channel.MAX_PIECE_BYTES = 256 * 1024;
Channel.MAX_LOG_BYTES = 256 * 1024;

/** Writes a whole frame at `at`; returns where the next begins. */
function putFrame(frames, at, type, call, payload) {
  frames.writeUInt32BE(payload.length, at);
  frames[at + 4] = type;
  frames.writeUInt32BE(call, at + 5);
  payload.copy(frames, at + HEADER_BYTES);
  return at + HEADER_BYTES + payload.length;
}

/** A millisecond without burning the CPU; Node.js 6 has no way to wait and spins. */
const wait = typeof Atomics === 'object' && Atomics.wait;
const waitOn = wait ? new Int32Array(new SharedArrayBuffer(4)) : null;

function pause() {
  if (wait) wait(waitOn, 0, 0, 1);
}

module.exports = Channel;
