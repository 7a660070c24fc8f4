import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { erofs } from '../../src/disk/live/filesystems/erofs.ts';
import { squashfs } from '../../src/disk/live/filesystems/squashfs.ts';
import { run } from '../../src/exec/run.ts';
import { debianRoot, runInside } from '../helpers/debian-root.ts';
import { seenBelow } from '../helpers/live-filesystem.ts';
import { unsquashfs } from '../helpers/peers.ts';
import { describeLiveFilesystem } from './live-filesystem.ts';

/** Lets a program extract all into a directory. */
async function extracted(extract: (directory: string) => Promise<unknown>): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-extracted-'));
  try {
    await extract(directory);
    return seenBelow(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

describeLiveFilesystem({
  filesystem: squashfs,
  options: ['-Xcompression-level 2', '-comp gzip', '-Xcompression-level 2 -b 4K', '-b 1M -Xcompression-level 2'],
  maximum: 2 ** 40,
  holes: 2 ** 19,
  read: (image) =>
    // Where it would only warn, it fails.
    extracted((directory) =>
      run(unsquashfs, ['-quiet', '-no-progress', '-strict-errors', '-force', '-dest', directory, image]),
    ),
});

// Debian 12's erofs-utils know no zstd.
let newErofs: Promise<string> | undefined;

describeLiveFilesystem({
  filesystem: erofs,
  options: ['-zzstd,level=2', '-zzstd,2 -C16384', '-zzstd,level=2 -C1048576'],
  maximum: 2 ** 35,
  holes: 2 ** 25,
  read: (image) =>
    extracted(async (directory) => {
      newErofs ??= debianRoot({ suite: 'trixie', packages: ['erofs-utils'], state: 'unpacked' });
      const command = ['/usr/bin/fsck.erofs', `--extract=${directory}`, '--force', '--overwrite', '--preserve', image];
      const { exitCode, stderr } = await runInside(await newErofs, command, { shared: [directory, image] });
      if (exitCode !== 0 || stderr !== '') throw new Error(stderr);
    }),
});
