import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { diffDownload } from '../../../../src/flows/container/diff/download.ts';
import { digestHex } from '../../../../src/lib/digest.ts';
import { readManifest } from '../../../../src/oci/image.ts';
import { openLayoutForWriting } from '../../../../src/oci/layout.ts';
import { storeImage } from '../../../helpers/image.ts';
import { silentSession } from '../../../helpers/session.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-download-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('needs manifests alone, as the help says', async () => {
  await using store = await openLayoutForWriting(join(directory, 'os'));
  for (const [version, layers] of [
    ['1', ['kept', 'old']],
    ['2', ['kept', 'newer']],
  ] as const) {
    const labels = { 'org.opencontainers.image.version': version };
    const image = await storeImage(
      store,
      layers.map((layer) => Buffer.from(layer)),
      labels,
    );
    await store.setTags([version], image);
    const { config, layers: blobs } = await readManifest(store, image);
    for (const { digest } of [config, ...blobs]) {
      await rm(join(directory, 'os/blobs/sha256', digestHex(digest)), { force: true });
    }
  }
  expect(await diffDownload(silentSession(), directory, 'oci:os:1', 'oci:os:2')).toMatchObject({
    from: { version: '1' },
    to: { version: '2' },
    layers: { kept: 1, added: 1, removed: 1 },
    newLayers: [{ size: 5 }],
  });
});
