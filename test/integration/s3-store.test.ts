import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openObjectStore } from '../../src/publish/stores.ts';
import { objectStoreContract } from '../contract/object-store.ts';
import { silentSession } from '../helpers/session.ts';
import { type Swift, type SwiftUser, startSwift } from '../helpers/swift.ts';

let swift: Swift;
beforeAll(async () => {
  swift = await startSwift();
  await swift.makeBucket('contract');
  as(swift.publisher);
}, 120_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await swift[Symbol.asyncDispose]();
});

function as(user: SwiftUser): void {
  for (const [name, value] of Object.entries(swift.environmentOf(user))) vi.stubEnv(name, value);
}

objectStoreContract('s3', async () => ({
  open: (name) => openObjectStore(`s3://contract/${name}`, { endpoint: swift.endpoint }, silentSession()),
  [Symbol.asyncDispose]: async () => undefined,
}));

describe('S3', () => {
  it('is found out to have no conditional writes, and keeps nothing of the trial', async () => {
    await using store = await openObjectStore('s3://contract/probe', { endpoint: swift.endpoint }, silentSession());
    expect(await store.honoursConditions()).toBe(false);
    for await (const { key } of store.list('')) expect(key).toBe('nothing');
  });
});
