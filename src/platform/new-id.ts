/** Identities that rise with time. */
import { randomFillSync } from 'node:crypto';
import { ulid } from 'ulid';

/** One question to the system's source of randomness for some 60 ids: the package by itself asks for each character. */
const drawn = Buffer.alloc(1_024);
let used = drawn.length;

/** A ULID (26 characters): 48 bits of Unix milliseconds, 80 random ones. */
export function newId(): string {
  return ulid(undefined, random);
}

/** From 0 to 1, without 1. */
function random(): number {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  return drawn.readUInt8(used++) / 256;
}
