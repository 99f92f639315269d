/** One POST to an address that people gave: within time, without following redirects, with a bounded answer. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { addressProblem, guardedLookup } from '../../platform/outgoing-address.ts';
import { ensureError } from '../../platform/errors.ts';
import type { ChannelAnswer } from './channel.ts';

const MOST_ANSWER_BYTES = 1_024;

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Accepted is what answers 2xx. A redirect is an answer like any other that is not. */
export async function post({ url, headers, body }: Post, signal: AbortSignal): Promise<ChannelAnswer> {
  const problem = addressProblem(url);
  if (problem !== null) return { accepted: false, status: null, answer: `not sent: wanted ${problem}` };
  try {
    return await exchange({ url, headers, body }, signal);
  } catch (error) {
    const why = signal.aborted ? 'no answer in time' : ensureError(error).message;
    return { accepted: false, status: null, answer: why.slice(0, MOST_ANSWER_BYTES) };
  }
}

function exchange({ url, headers, body }: Post, signal: AbortSignal): Promise<ChannelAnswer> {
  const { protocol } = new URL(url);
  const request = protocol === 'https:' ? requestHttps : requestHttp;
  const content = Buffer.from(body);
  return new Promise((resolve, reject) => {
    const sending = request(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': content.byteLength },
        lookup: guardedLookup(protocol),
        // A connection of its own: one that the other side closed meanwhile would look like a failure.
        agent: false,
        signal,
      },
      (incoming) => {
        const status = incoming.statusCode ?? 0;
        const chunks: Buffer[] = [];
        let size = 0;
        const done = (): void => {
          const answer = Buffer.concat(chunks).subarray(0, MOST_ANSWER_BYTES).toString('utf8');
          resolve({ accepted: status >= 200 && status < 300, status, answer });
        };
        incoming.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.byteLength;
          if (size < MOST_ANSWER_BYTES) return;
          done();
          sending.destroy();
        });
        incoming.once('end', done);
        // The status is the answer; a text that breaks off or does not end in time takes nothing back.
        incoming.once('error', done);
        sending.off('error', reject).once('error', done);
      },
    );
    sending.once('error', reject);
    sending.end(content);
  });
}
