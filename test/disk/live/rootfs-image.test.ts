import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageThreads } from '../../../src/disk/image-threads.ts';
import type { LiveFilesystem } from '../../../src/disk/live/filesystems/live-filesystem.ts';
import { liveFilesystems } from '../../../src/disk/live/filesystems.ts';
import { writeRootfsImage } from '../../../src/disk/live/rootfs-image.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-rootfs-image-'));
});
afterAll(() => rm(directory, { recursive: true }));

const optionsKey = 'image.json: "live-rootfs-fsoptions"';

describe.each(liveFilesystems.map((filesystem) => [filesystem.name, filesystem] as const))(
  'a %s',
  (name, filesystem) => {
    it('of 4 GiB is refused before it is hashed and written, with what makes it smaller', async () => {
      const large: LiveFilesystem = {
        ...filesystem,
        async write(_request, sink) {
          // Less than 4 GiB, and more than fits with what stands around it.
          const size = 2 ** 32 - 256;
          await sink.appendZeros(size);
          return size;
        },
      };
      using threads = imageThreads({ size: 1 });
      const { signal } = new AbortController();
      const request = { files: [], timestamp: 0, options: '', optionsKey, threads, signal };
      await expect(writeRootfsImage(join(directory, name), large, request, '1')).rejects.toMatchObject({
        code: 'FILESYSTEM_TOO_LARGE',
        exitStatus: 2,
        message: `the ${name} of live media would have more than 4294966791 bytes, and no file of theirs can be larger`,
        hint: expect.stringContaining(
          `live-rootfs-fsoptions: ${JSON.stringify(filesystem.smallestOptions)} in image.yaml`,
        ),
      });
    });

    it('has options that make it smaller than its default', () => {
      const { smallestOptions: options } = filesystem;
      expect(filesystem.parameters({ options, optionsKey })).toContain('19');
    });
  },
);
