/** Pulling images from a real registry, held to what they may weigh. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REGISTRY_MISSING, startRegistry, type TestRegistry } from '../../../test/support/registry.ts';
import { IMAGE_LIMITS, ImageStore } from './image-store.ts';

describe.skipIf(REGISTRY_MISSING.length > 0)(`images ${REGISTRY_MISSING.join()}`, () => {
  let registry: TestRegistry;
  const home = mkdtempSync(join(tmpdir(), 'sluice-images-'));
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => {
    registry.stop();
    rmSync(home, { recursive: true, force: true });
  });

  test('whose layers are together larger than allowed are refused, and nothing of them stays', async () => {
    const layer = (name: string) => [{ name, content: randomBytes(700_000) }];
    const reference = await registry.push('two/layers:1', { layers: [layer('a'), layer('b')] });
    const store = (pulledBytes: number) =>
      new ImageStore(join(home, String(pulledBytes)), { authFile: '' }, { ...IMAGE_LIMITS, pulledBytes });
    await expect(store(1_000_000).prepare({ reference, pin: randomUUID() })).rejects.toThrow(
      'its layers are larger than 1000000 bytes together',
    );
    expect(readdirSync(join(home, '1000000'))).toEqual(['pins']);
    const { root } = await store(2_000_000).prepare({ reference, pin: randomUUID() });
    expect(readdirSync(root)).toEqual(expect.arrayContaining(['a', 'b']));
  });
});
