import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { openObjectStore, storeSchemes } from '../../src/publish/stores.ts';
import { silentSession } from '../helpers/session.ts';
import { type ContractStore, objectStoreContract } from './object-store.ts';

const scenes: Record<string, () => Promise<ContractStore>> = {
  file: async () => {
    const root = await mkdtemp(join(tmpdir(), 'cosa-store-'));
    return {
      open: (name) => openObjectStore(pathToFileURL(join(root, name)).href, {}, silentSession()),
      [Symbol.asyncDispose]: () => rm(root, { recursive: true }),
    };
  },
};

it('is run for every kind of store', () => {
  // The others need servers: test/integration.
  expect(['s3', ...Object.keys(scenes)]).toEqual(storeSchemes.map(({ scheme }) => scheme));
});

for (const [scheme, setUp] of Object.entries(scenes)) objectStoreContract(scheme, setUp);
