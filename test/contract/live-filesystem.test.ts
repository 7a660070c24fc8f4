import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { squashfs } from '../../src/disk/live/filesystems/squashfs.ts';
import { run } from '../../src/exec/run.ts';
import { seenBelow } from '../helpers/live-filesystem.ts';
import { unsquashfs } from '../helpers/peers.ts';
import { describeLiveFilesystem } from './live-filesystem.ts';

describeLiveFilesystem({
  filesystem: squashfs,
  options: ['-Xcompression-level 2', '-comp gzip', '-Xcompression-level 2 -b 4K', '-b 1M -Xcompression-level 2'],
  async read(image) {
    const directory = await mkdtemp(join(tmpdir(), 'cosa-unsquashfs-'));
    try {
      // Two checks in one: it exits with an error where it has a warning.
      await run(unsquashfs, ['-quiet', '-no-progress', '-strict-errors', '-force', '-dest', directory, image]);
      return seenBelow(directory);
    } finally {
      await rm(directory, { recursive: true });
    }
  },
});
