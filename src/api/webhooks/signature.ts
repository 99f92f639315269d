/** Signatures of the form `sha256=<hex HMAC-SHA256 of the raw body>`, compared in constant time. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const FORM = /^sha256=([0-9a-f]{64})$/i;

/** True when `header` is the signature of `body` under `secret`. A missing or ill-formed header is not. */
export function isSha256Signature(header: string | undefined, body: Buffer, secret: string): boolean {
  const hex = FORM.exec(header ?? '')?.[1];
  // Computed in any case, so that the time of the answer does not tell a wrong form from a wrong key.
  const wanted = createHmac('sha256', secret).update(body).digest();
  return hex !== undefined && timingSafeEqual(Buffer.from(hex, 'hex'), wanted);
}
