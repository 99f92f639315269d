import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkPorts, freePort } from './ports.ts';

let holder: Server;
let taken: number;
beforeEach(async () => {
  holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  taken = (holder.address() as AddressInfo).port;
});
afterEach(() => void holder.close());

test('a free port is none that Linux gives to outgoing connections — it would be taken while a part starts again', async () => {
  for (let i = 0; i < 20; i += 1) expect(await freePort('127.0.0.1')).toBeLessThan(32_768);
});

describe('checkPorts', () => {
  test('names every port that is taken and the variable that changes it', async () => {
    const free = await freePort('127.0.0.1');
    await expect(
      checkPorts('127.0.0.1', [
        { port: free, purpose: 'API', variable: 'SLUICE_PORT' },
        { port: taken, purpose: 'engine', variable: 'SLUICE_ENGINE_PORT' },
      ]),
    ).rejects.toThrow(`port ${taken} (engine) is in use; choose another one with SLUICE_ENGINE_PORT`);
  });

  test('refuses one port for two parts', async () => {
    const free = await freePort('127.0.0.1');
    await expect(
      checkPorts('127.0.0.1', [
        { port: free, purpose: 'API', variable: 'SLUICE_PORT' },
        { port: free, purpose: 'engine', variable: 'SLUICE_ENGINE_PORT' },
      ]),
    ).rejects.toThrow(`port ${free} (engine) is also SLUICE_PORT`);
  });

  test('names the variable of an address that is not of this machine', async () => {
    await expect(
      checkPorts('192.0.2.1', [{ port: taken, purpose: 'API', variable: 'SLUICE_PORT' }]),
    ).rejects.toThrow('SLUICE_HOST');
  });
});
