/**
 * A load generator light enough to share two cores with what it measures: raw sockets, prepared requests in turn, one
 * request at a time per connection. Bounded by count.
 */
import { connect } from 'node:net';

/**
 * @param {{port: number, connections: number, requests: Buffer[], total: number, paceMs?: number, onAnswer?: (status: number, ms: number, answer: Buffer) => void}} options
 *   `paceMs`: from one request of a connection to its next, where the answer came before; else at once
 * @returns {Promise<{seconds: number, perSecond: number, latencies: Float64Array, statuses: Map<number, number>}>} latencies in milliseconds, sorted
 */
export async function drive({ port, connections, requests, total, paceMs = 0, onAnswer }) {
  const latencies = new Float64Array(total);
  const statuses = new Map();
  let next = 0;
  let done = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: connections }, () => connection()));
  const seconds = (performance.now() - began) / 1_000;
  return { seconds, perSecond: done / seconds, latencies: latencies.subarray(0, done).sort(), statuses };

  function connection() {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      let sentAt = 0;
      let pending = Buffer.alloc(0);
      const send = () => {
        if (next >= total) {
          socket.end();
          resolve(undefined);
          return;
        }
        const request = requests[next++ % requests.length];
        sentAt = performance.now();
        socket.write(request);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        const size = answerSize(pending);
        if (size === -1 || pending.length < size) return;
        const status = Number(pending.toString('latin1', 9, 12));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const ms = performance.now() - sentAt;
        latencies[done++] = ms;
        onAnswer?.(status, ms, pending.subarray(0, size));
        pending = pending.subarray(size);
        if (paceMs > ms) setTimeout(send, paceMs - ms);
        else send();
      });
    });
  }
}

/** Bytes of the first answer in `buffer`, head included; -1 while it is not known yet. */
function answerSize(buffer) {
  const end = buffer.indexOf('\r\n\r\n');
  if (end === -1) return -1;
  const head = buffer.toString('latin1', 0, end);
  const match = /content-length: *(\d+)/i.exec(head);
  if (match) return end + 4 + Number(match[1]);
  if (!/transfer-encoding: *chunked/i.test(head))
    throw new Error('an answer of unknown length cannot be measured here');
  const last = buffer.indexOf('0\r\n\r\n', end + 4);
  return last === -1 ? -1 : last + 5;
}

/** Value below which the share `q` of sorted `values` lies. */
export function quantile(values, q) {
  return values.length === 0
    ? Number.NaN
    : values[Math.min(values.length - 1, Math.floor(values.length * q))];
}

/** The run, where everything was answered by 200; else fails. */
export function onlyOk(who, run) {
  const other = [...run.statuses].filter(([status]) => status !== 200);
  if (other.length > 0) throw new Error(`${who} answered ${JSON.stringify(other)} besides 200`);
  return run;
}

/** Of an even number the higher of the two in the middle. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
