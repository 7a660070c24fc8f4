import { open, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../exec/run.ts';
import { mkfsXfsVersion } from '../../../exec/tools/mkfs-xfs.ts';
import { tools } from '../../../exec/tools.ts';
import { CosaError } from '../../../lib/errors.ts';
import { parseOptions } from '../../filesystems/options.ts';
import { copyData } from '../copy-data.ts';
import { type Filesystem, type FilesystemRequest, optionsKey } from './filesystem.ts';
import { filesystemFull } from './full.ts';

/** The first release whose mkfs.xfs fills the filesystem from a directory, extended attributes and hard links included. */
const firstVersion = [6, 17] as const;

const subOptions = /^[a-z0-9]+=[a-z0-9]+(,[a-z0-9]+=[a-z0-9]+)*$/;

const permittedOptions = new Map([
  ['-m', subOptions],
  ['-i', subOptions],
  ['-n', subOptions],
]);

/**
 * Unlike ext4's, its bytes are the same only for the same source directory: mkfs.xfs takes the entries in the order in
 * which the host's filesystem lists them, with their modification times.
 */
export const xfs: Filesystem = { name: 'xfs', write };

async function write(request: FilesystemRequest): Promise<void> {
  const { disk, offset, size, source, scratch, label, uuid, timestamp } = request;
  const options = parseOptions('xfs', { options: request.options, optionsKey }, permittedOptions);
  await requireVersion();
  // mkfs.xfs knows no offset: it writes a file of its own, whose data is then copied to its place.
  const own = join(scratch, `${label}.xfs`);
  try {
    await (await open(own, 'w')).close();
    await truncate(own, size);
    await run(tools.mkfsXfs, ['-q', '-L', label, ...options, '-m', `uuid=${uuid}`, '-p', source, own], {
      env: { SOURCE_DATE_EPOCH: String(timestamp), DETERMINISTIC_SEED: '1' },
    });
    await copyData(own, disk, offset);
  } catch (error) {
    if (error instanceof CosaError && /No space left|out of space|ENOSPC/i.test(error.message)) {
      throw filesystemFull(label, size, error);
    }
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

async function requireVersion(): Promise<void> {
  const [major, minor] = await mkfsXfsVersion();
  const [wantedMajor, wantedMinor] = firstVersion;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new CosaError(
    'XFS_UNSUPPORTED',
    `the container wants an XFS filesystem, and this host's mkfs.xfs ${major}.${minor} cannot fill one from a directory`,
    {
      hint: `install xfsprogs ${wantedMajor}.${wantedMinor} or newer, or set "rootfs: ext4" in image.yaml and build the container again`,
    },
  );
}
