/** One JSON answer over HTTP: within time and size, from the address that was asked and no other. */
import type { AllowedAddress } from './allowed.ts';
import { SourceError } from './source.ts';
import { timeLimit } from '../../../platform/time-limit.ts';

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 1_000_000;

/** @throws SourceError when there is no such answer; the message names the address without its query */
export async function fetchJson(
  { url, authorization }: AllowedAddress,
  signal: AbortSignal,
): Promise<unknown> {
  const where = `${url.origin}${url.pathname}`;
  const limit = AbortSignal.any([signal, timeLimit(TIMEOUT_MS)]);
  let text: string;
  try {
    const answer = await fetch(url, {
      signal: limit,
      redirect: 'manual',
      headers: { accept: 'application/json', ...(authorization !== null && { authorization }) },
    });
    text = await readText(answer);
    if (!answer.ok) throw new SourceError(`${where} answered ${answer.status}: ${text.slice(0, 200)}`);
  } catch (error) {
    if (error instanceof SourceError) throw error;
    throw new SourceError(`${where} does not answer`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new SourceError(`${where} answered no JSON: ${text.slice(0, 200)}`);
  }
}

async function readText({ body, url }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MOST_BYTES)
      throw new SourceError(`${new URL(url).host} answered more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
