import { describe, expect, test } from 'vitest';
import { createDomainRouter, type DomainRoute } from './domain-routes.ts';

const route = (path: string, methods: string[] = []): DomainRoute => ({
  path,
  serviceName: 's',
  functionName: path,
  qualifier: 'LATEST',
  methods,
});

describe('a request takes', () => {
  const find = createDomainRouter([
    route('/*'),
    route('/api/*'),
    route('/api/v2/*', ['GET']),
    route('/api/v2/users', ['POST']),
    route('/about'),
  ]);
  test.each([
    ['the exact route before wildcards', 'POST', '/api/v2/users', '/api/v2/users'],
    ['the longest wildcard', 'GET', '/api/v2/users', '/api/v2/*'],
    ['the next one where the method is not among the longest one’s', 'PUT', '/api/v2/users', '/api/*'],
    ['a wildcard for the folder itself', 'GET', '/api/', '/api/*'],
    ['no wildcard for the name without the slash', 'GET', '/api', '/*'],
    ['an exact route for nothing below it', 'GET', '/about/us', '/*'],
  ])('%s', (_, method, path, expected) => {
    expect(find(method, path)?.path).toBe(expected);
  });

  test('nothing where no route fits', () => {
    expect(createDomainRouter([route('/a/*', ['GET'])])('GET', '/b')).toBeUndefined();
    expect(createDomainRouter([route('/a/*', ['GET'])])('PUT', '/a/b')).toBeUndefined();
    expect(createDomainRouter([])('GET', '/')).toBeUndefined();
  });
});
