import { createCipheriv } from 'node:crypto';
import { mapParallel } from '../src/lib/parallel.ts';
import { storeBytes } from '../src/oci/artifact.ts';
import { openLayoutForWriting } from '../src/oci/layout.ts';
import type { ContentStore } from '../src/oci/store.ts';
import { mediaTypes } from '../src/oci/types.ts';
import { storeImageOf } from '../test/helpers/image.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** An image whose transfers are measured: the sizes of its layers in bytes. */
export interface Shape {
  name: string;
  layers: readonly number[];
}

/** The images that transfers differ for: an operating system's, one of many small blobs, one of few large ones. */
export const shapes: readonly Shape[] = [
  // Each layer is a tenth smaller than the one before, as packages are: from 30 MB down to 40 kB.
  { name: '64 layers, 300 MB', layers: Array.from({ length: 64 }, (_, index) => Math.round(30e6 * 0.9 ** index)) },
  {
    // As many as one image may have.
    name: '500 layers of 4 to 64 KiB',
    layers: Array.from({ length: 500 }, (_, index) => 4 * kibibyte + ((index * 7919) % 60) * kibibyte),
  },
  { name: '3 layers of 200 MB', layers: [200 * mebibyte, 200 * mebibyte, 200 * mebibyte] },
];

/** Stores an image of that shape as `first`; and as `next` a build of which a large, a middle and a small layer have changed. */
export async function storeShape(layout: string, { layers }: Shape): Promise<void> {
  await using store = await openLayoutForWriting(layout);
  const bySize = [...layers.keys()].sort((a, b) => (layers[b] ?? 0) - (layers[a] ?? 0));
  const changed = new Set([0.05, 0.5, 0.95].map((part) => bySize[Math.floor(part * bySize.length)]));
  for (const tag of ['first', 'next']) {
    const seeds = [...layers.keys()].map((index) => (tag === 'next' && changed.has(index) ? layers.length : 0) + index);
    const stored = await mapParallel(seeds, (seed) => storeLayer(store, seed, layers[seed % layers.length] ?? 0));
    const diffIds = stored.map(({ digest }) => digest);
    await store.setTags([tag], await storeImageOf(store, stored, diffIds));
  }
}

/** Begins as zstd does, or skopeo would compress it; the rest nobody looks into. */
async function storeLayer(store: ContentStore, seed: number, size: number) {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  const bytes = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
  bytes.writeUInt32LE(0xfd2fb528);
  return storeBytes(store, bytes, mediaTypes.layerZstd);
}
