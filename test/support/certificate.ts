/** Self-signed certificates for tests, made here: Node.js can read X.509 but not write it, and files in a repository expire. */
import { generateKeyPairSync, sign } from 'node:crypto';

export interface TestCertificate {
  /** Both PEM. */
  readonly certificate: string;
  readonly privateKey: string;
}

/** @param validTo when it expires; it began a day before that, or a day before now */
export function certificateFor(host: string, validTo = new Date(Date.now() + DAY_MS)): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const validFrom = new Date(Math.min(Date.now(), validTo.getTime()) - DAY_MS);
  const name = sequence(der(SET, sequence(COMMON_NAME, der(UTF8_STRING, Buffer.from(host)))));
  const hosts = sequence(SUBJECT_ALT_NAME, der(OCTETS, sequence(der(DNS_NAME, Buffer.from(host)))));
  const body = sequence(
    der(VERSION, der(INTEGER, Buffer.of(2))),
    der(INTEGER, Buffer.of(1)),
    ECDSA_SHA256,
    name,
    sequence(time(validFrom), time(validTo)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXTENSIONS, sequence(hosts)),
  );
  const signature = Buffer.concat([Buffer.of(0), sign('sha256', body, privateKey)]);
  const certificate = sequence(body, ECDSA_SHA256, der(BITS, signature)).toString('base64');
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Tags of ASN.1, DER. */
const INTEGER = 0x02;
const BITS = 0x03;
const OCTETS = 0x04;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const DNS_NAME = 0x82;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

const COMMON_NAME = Buffer.from('0603550403', 'hex');
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex');
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : [0x82, Math.floor(length / 0x100), length % 0x100];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(SEQUENCE, Buffer.concat(parts));
}

/** `YYMMDDHHMMSSZ` */
function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\D/g, '');
  return der(UTC_TIME, Buffer.from(`${digits.slice(2, 14)}Z`));
}
