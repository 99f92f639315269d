/** Requests that are prepared beforehand, so that sending them costs the load generator one write. */
import { createHash, createHmac } from 'node:crypto';

/** A prepared HTTP/1.1 request. */
export function request(method, path, headers, body) {
  const head = [
    `${method} ${path} HTTP/1.1`,
    ...Object.entries({ ...headers, 'content-length': body.length }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

/** Different small requests to be sent in turn, as anybody may send them. */
export function plainRequests(path, count) {
  const headers = { host: 'bench', 'content-type': 'application/octet-stream' };
  return Array.from({ length: count }, (_, index) => request('POST', path, headers, smallBody(index)));
}

/** The same, each signed. */
export function signedRequests(credentials, path, count) {
  return Array.from({ length: count }, (_, index) => signedRequest(credentials, path, smallBody(index)));
}

function smallBody(index) {
  return Buffer.from(JSON.stringify({ number: index, text: 'x'.repeat(40) }));
}

/**
 * As the public SDK sends it.
 *
 * @param {string} [method] @param {string} [type] of the body
 */
export function signedRequest(credentials, path, body, method = 'POST', type = 'application/octet-stream') {
  const headers = {
    host: '127.0.0.1',
    accept: 'application/json',
    ...(body.length > 0 && {
      'content-type': type,
      'content-md5': Buffer.from(createHash('md5').update(body).digest('hex')).toString('base64'),
    }),
    'x-fc-account-id': credentials.accountId,
  };
  return request(method, path, { ...headers, ...signature(credentials, method, path, headers) }, body);
}

/**
 * The headers that sign a request (FC API, Authentication).
 *
 * @param {Record<string, string>} headers all others of it that count, by names in lower case
 */
export function signature({ accessKeyId, accessKeySecret }, method, path, headers) {
  const date = new Date().toUTCString();
  const own = Object.keys(headers)
    .filter((name) => name.startsWith('x-fc-'))
    .toSorted()
    .map((name) => `${name}:${headers[name]}\n`)
    .join('');
  const { 'content-md5': md5 = '', 'content-type': type = '' } = headers;
  const text = `${method}\n${md5}\n${type}\n${date}\n${own}${path.split('?')[0]}`;
  const signed = createHmac('sha256', accessKeySecret).update(text).digest('base64');
  return { date, authorization: `FC ${accessKeyId}:${signed}` };
}

/** A signed request to the control plane; without `body` a GET. */
export function apiRequest(credentials, path, body) {
  const whole = `/2016-08-15${path}`;
  return body === undefined
    ? signedRequest(credentials, whole, Buffer.alloc(0), 'GET')
    : signedRequest(credentials, whole, Buffer.from(JSON.stringify(body)), 'POST', 'application/json');
}
