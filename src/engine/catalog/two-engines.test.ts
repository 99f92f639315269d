/** Two engines on one database, as for a moment after a restart: nobody writes over what he has not seen. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestCatalog, type TestCatalog } from '../../../test/support/test-catalog.ts';
import { createLog } from '../../platform/log.ts';
import { Catalog } from './catalog.ts';
import { domainConfig } from './domain-config.ts';
import { DomainStore } from './domain-store.ts';
import { serviceConfig } from './service-config.ts';
import type { Draft } from './catalog.ts';
import type { ServiceState } from './service-state.ts';

let first: TestCatalog;
let other: Catalog;
beforeAll(async () => {
  first = await startTestCatalog(Date.now, '');
  other = await Catalog.load({
    db: first.db,
    log: createLog('test', 'silent'),
    now: Date.now,
    folderOf: () => '',
    onReplaced: () => undefined,
  });
});
afterAll(() => first.close());

const describing = (description: string) => (state: ServiceState) => (): Draft => {
  const service = { ...state.service, config: { ...state.service.config, description } };
  return {
    parts: { ...state, service },
    write: (rows) =>
      rows
        .updateTable('services')
        .set({ record: JSON.stringify(service) })
        .where('name', '=', service.name)
        .execute(),
  };
};
const CONFLICT = { status: 409, code: 'ConcurrentUpdateError' };

test('a write to what another engine has changed is refused, and the next one builds on that change', async () => {
  await first.catalog.change('shop', describing('first'));
  await expect(other.change('shop', describing('other'))).rejects.toMatchObject(CONFLICT);
  expect(other.find('shop').service.config.description).toBe('first');
  await other.change('shop', describing('other'));
  await expect(first.catalog.remove('shop', () => undefined)).rejects.toMatchObject(CONFLICT);
  expect(first.catalog.find('shop').service.config.description).toBe('other');
});

test('a name that another engine gave away is taken, and what it deleted is gone', async () => {
  await first.catalog.create('new', serviceConfig({}, {}));
  await expect(other.create('new', serviceConfig({}, {}))).rejects.toMatchObject({
    status: 409,
    code: 'ServiceAlreadyExists',
  });
  await first.catalog.remove('new', () => undefined);
  await expect(other.change('new', describing('late'))).rejects.toMatchObject(CONFLICT);
  await expect(other.change('new', describing('late'))).rejects.toMatchObject({
    status: 404,
    code: 'ServiceNotFound',
  });
});

test('domains are kept alike', async () => {
  const one = await DomainStore.load(first.db, Date.now);
  const two = await DomainStore.load(first.db, Date.now);
  const name = 'a.example.com';
  const config = domainConfig(name, {}, {}, Date.now());
  await one.create(name, config);
  await expect(two.create(name, config)).rejects.toMatchObject({
    status: 409,
    code: 'DomainNameAlreadyExists',
  });
  await one.change(name, () => ({ ...config, routeConfig: { routes: [] } }));
  await expect(two.change(name, () => config)).rejects.toMatchObject(CONFLICT);
  await two.change(name, () => config);
  await expect(one.remove(name)).rejects.toMatchObject(CONFLICT);
  await one.remove(name);
  await expect(two.remove(name)).rejects.toMatchObject(CONFLICT);
  await expect(two.remove(name)).rejects.toMatchObject({ status: 404, code: 'DomainNameNotFound' });
});
