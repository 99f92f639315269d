import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ApiError } from './api-error.ts';
import { readRequestHead } from './request-head.ts';
import { createVerifier, proxyResource, stringToSign } from './signature.ts';

const KEY = { id: 'EXAMPLEKEYID', secret: 'exampleSecret0123456789abcdef' };
const DATE = 'Mon, 06 Jan 2025 08:00:00 GMT';
const AT = Date.parse(DATE);

interface Example {
  readonly method: string;
  readonly url: string;
  readonly signature: string;
  readonly headers?: readonly string[];
  readonly date?: string | null;
}

function verify(example: Example, at = AT): void {
  const [path = '', query = ''] = example.url.split('?');
  const dates = example.date === null ? [] : ['Date', example.date ?? DATE];
  const authorization =
    example.signature === '' ? [] : ['Authorization', `FC ${KEY.id}:${example.signature}`];
  createVerifier(
    KEY,
    () => at,
  )({
    method: example.method,
    path,
    query,
    isFunctionCall: path.startsWith('/2016-08-15/proxy/'),
    head: readRequestHead([
      'Host',
      'h',
      ...dates,
      ...authorization,
      ...(example.headers ?? ['X-Fc-Account-Id', '1234567890']),
    ]),
  });
}

function refusal(example: Example, at = AT): string {
  try {
    verify(example, at);
  } catch (error) {
    if (error instanceof ApiError) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'accepted';
}

test('a temporary key without its token is told what is missing', () => {
  const headers = ['Authorization', 'FC STS.NTexample:AAAA', 'X-Fc-Account-Id', '1234567890'];
  expect(refusal({ method: 'GET', url: '/2016-08-15/services', signature: '', headers })).toBe(
    '400 MissingRequiredHeader',
  );
  const withToken = [...headers, 'X-Fc-Security-Token', 'tok'];
  expect(refusal({ method: 'GET', url: '/2016-08-15/services', signature: '', headers: withToken })).toBe(
    '403 InvalidAccessKeyID',
  );
});

function sign(text: string): string {
  return createHmac('sha256', KEY.secret).update(text).digest('base64');
}

const getService: Example = {
  method: 'GET',
  url: '/2016-08-15/services/demo',
  signature: 'Ii/la99XioSL1VtT2U+rsGv1W61wy3DUkKmi3ddPLAU=',
};
const ALIAS_MD5 = 'e0d8a5211616892c3cfee82ad77fe22e';
const json = (md5: string): string[] => [
  'X-Fc-Account-Id',
  '1234567890',
  'Content-Type',
  'application/json',
  'Content-MD5',
  md5,
];

/** fc-api.md §7. */
const EXAMPLES: Record<string, Example> = {
  '1 GetService': getService,
  '2 proxy with a security token, query decoded and sorted': {
    method: 'GET',
    url: '/2016-08-15/proxy/demo.prod/hello/a%20b?k=2&q=x%20y&k=1',
    headers: ['X-Fc-Account-Id', '1234567890', 'X-Fc-Security-Token', 'tok'],
    signature: 'OPLrB7sfc/ux+aCERGgU6M4My3jwuXQbpr9qK5lCCDw=',
  },
  '2b proxy without query': {
    method: 'GET',
    url: '/2016-08-15/proxy/demo/hello/',
    signature: 'ZVnfNrOJrseE/mVBY79NRQ/NPDGHKca/535ubtUuaxQ=',
  },
  'CreateAlias as Go sends it': {
    method: 'POST',
    url: '/2016-08-15/services/demo/aliases',
    headers: json(ALIAS_MD5),
    signature: 'IlW6gmyb1n5SNqNF68Y4oNZ3tdF5a/y/SjxffyP2iYI=',
  },
  'CreateAlias as Node sends it': {
    method: 'POST',
    url: '/2016-08-15/services/demo/aliases',
    headers: json('ZTBkOGE1MjExNjE2ODkyYzNjZmVlODJhZDc3ZmUyMmU='),
    signature: 'GizKAxmZUw/EQxMxxzFdNJdbjQtcffbBOoTWMTZrnK0=',
  },
  'gray UpdateAlias — If-Match is not signed': {
    method: 'PUT',
    url: '/2016-08-15/services/demo/aliases/prod',
    headers: [...json('1c495e7d6883e06ab70ce0e4ffd119d9'), 'If-Match', '5f1b0c77'],
    signature: 'StxvrF04zvWwGY/CKAQhLhVQRNx3bZNIq7/oBMyoBCo=',
  },
  'synchronous invocation with tail log': {
    method: 'POST',
    url: '/2016-08-15/services/demo.prod/functions/hello/invocations',
    headers: [
      'Content-Type',
      'application/octet-stream',
      'Content-MD5',
      '082c26c8a6bc75226a31da5495cc9292',
      'X-Fc-Account-Id',
      '1234567890',
      'X-Fc-Invocation-Type',
      'Sync',
      'X-Fc-Log-Type',
      'Tail',
    ],
    signature: 'rduc9QNwglshqGGicCJgYUIiONmDKes/pqLyX0vWExI=',
  },
};

const PRESIGNED: Example = {
  method: 'GET',
  url: '/2016-08-15/proxy/demo/hello/img?a=1&x-fc-access-key-id=EXAMPLEKEYID&x-fc-expires=1736150400&x-fc-signature=f29kCHDn6eD21lDhQWYGBDZoVrxi0tPSYNaYRpGdYy8%3D',
  signature: '',
  headers: [],
  date: null,
};

describe('the computed examples of the specification', () => {
  test.each(Object.entries(EXAMPLES))('%s is accepted', (_, example) => {
    expect(refusal(example)).toBe('accepted');
  });

  test.each(Object.entries(EXAMPLES))(
    '%s is refused with another method — it is part of what is signed',
    (_, example) => {
      expect(refusal({ ...example, method: 'PATCH' })).toBe('403 SignatureNotMatch');
    },
  );

  test('3 presigned URL is accepted until it expires', () => {
    expect(refusal(PRESIGNED, 1736150400_000)).toBe('accepted');
    expect(refusal(PRESIGNED, 1736150401_000)).toBe('403 AccessDenied');
    expect(refusal({ ...PRESIGNED, url: PRESIGNED.url.replace('a=1', 'a=2') }, 0)).toBe(
      '403 SignatureNotMatch',
    );
  });

  test('2b ends with a line feed — also without a query', () => {
    const text = stringToSign(
      { method: 'GET', head: readRequestHead([]) },
      'd',
      proxyResource('/p', new URLSearchParams('')),
    );
    expect(text).toBe('GET\n\n\nd\n/p\n');
  });
});

describe('what is signed', () => {
  const text = (path: string): string => `GET\n\n\n${DATE}\nx-fc-account-id:1234567890\n${path}`;

  test('a path may be signed as sent or decoded — SDKs disagree', () => {
    const url = '/2016-08-15/layerarn/a%23b';
    expect(refusal({ method: 'GET', url, signature: sign(text(url)) })).toBe('accepted');
    expect(refusal({ method: 'GET', url, signature: sign(text('/2016-08-15/layerarn/a#b')) })).toBe(
      'accepted',
    );
    expect(refusal({ method: 'GET', url: '/2016-08-15/%zz', signature: sign(text('/')) })).toBe(
      '403 SignatureNotMatch',
    );
  });

  test('the query of management calls is not signed', () => {
    expect(refusal({ ...getService, url: `${getService.url}?limit=3` })).toBe('accepted');
  });

  test('an x-fc- header that was added or changed on the way is noticed', () => {
    expect(refusal({ ...getService, headers: ['X-Fc-Account-Id', '1234567891'] })).toBe(
      '403 SignatureNotMatch',
    );
    expect(refusal({ ...getService, headers: ['X-Fc-Account-Id', '1234567890', 'X-Fc-New', ''] })).toBe(
      '403 SignatureNotMatch',
    );
  });

  test('x-fc-date stands in for a missing Date', () => {
    const canonical = `x-fc-account-id:1234567890\nx-fc-date:${DATE}\n`;
    const signature = sign(`GET\n\n\n${DATE}\n${canonical}/2016-08-15/services`);
    const headers = ['X-Fc-Account-Id', '1234567890', 'X-Fc-Date', DATE];
    expect(refusal({ method: 'GET', url: '/2016-08-15/services', signature, headers, date: null })).toBe(
      'accepted',
    );
  });
});

describe('refusals', () => {
  test('a missing header is named', () => {
    expect(refusal({ ...getService, signature: '' })).toBe('400 MissingRequiredHeader');
    expect(refusal({ ...getService, date: null })).toBe('400 MissingRequiredHeader');
  });

  test('15 minutes of skew are let in, more is not, either way', () => {
    const limit = 15 * 60 * 1_000;
    expect(refusal(getService, AT + limit)).toBe('accepted');
    expect(refusal(getService, AT - limit)).toBe('accepted');
    expect(refusal(getService, AT + limit + 1)).toBe('403 AccessDenied');
    expect(refusal(getService, AT - limit - 1)).toBe('403 AccessDenied');
    expect(refusal({ ...getService, date: 'yesterday' })).toBe('403 AccessDenied');
  });

  test('an unknown key is named, a malformed signature is a wrong one', () => {
    const head = readRequestHead(['Date', DATE, 'Authorization', 'FC OTHER:abc']);
    const other = (): void =>
      createVerifier(KEY, () => AT)({ method: 'GET', path: '/', query: '', head, isFunctionCall: false });
    expect(other).toThrow("invalid access key ID 'OTHER'");
    expect(refusal({ ...getService, signature: 'AAAA' })).toBe('403 SignatureNotMatch');
    expect(refusal({ ...getService, signature: 'x y' })).toBe('403 AccessDenied');
  });
});
