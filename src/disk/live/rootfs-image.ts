import { cpioPadding, encodeCpio, encodeCpioMember } from '../../lib/cpio/writer.ts';
import { usageError } from '../../lib/errors.ts';
import type { ImageSink } from '../formats/format.ts';
import type { WrittenFile } from '../image-file/file-sink.ts';
import { writeImageFile } from '../image-file.ts';
import { boundedSink } from './bounded-sink.ts';
import type { LiveFilesystem, LiveFilesystemRequest } from './filesystems/live-filesystem.ts';
import { streamHash } from './stream-hash.ts';

/** What live media have their root in: an archive that is loaded behind an initramfs, or mounted where its first member lies. */
export interface LiveRootfs extends WrittenFile {
  /** As {@link streamHash} has it. */
  streamHash: string;
}

/** An archive's members and an ISO's files have 32 bits for their bytes. */
const mostBytes = 0xffffffff;

/**
 * Writes `rootfs.img`: an archive in which the filesystem comes first, so that its data begin at byte 124 whatever it is,
 * and then the version that it belongs to.
 * @param path does not exist yet
 * @throws CosaError `FILESYSTEM_TOO_LARGE` (exit 2) where all would have 4 GiB and more; what the filesystem and `writeImageFile` throw
 */
export async function writeRootfsImage(
  path: string,
  filesystem: LiveFilesystem,
  request: LiveFilesystemRequest,
  version: string,
): Promise<LiveRootfs> {
  const { threads, signal } = request;
  const member = { path: filesystem.fileName, type: 'file', permissions: 0o644 } as const;
  const behind = encodeCpio([
    { path: 'etc/coreos-live-rootfs', permissions: 0o644, content: Buffer.from(`${version}\n`) },
  ]);
  using parts = streamHash(threads);
  const written = await writeImageFile(path, { threads, signal, observer: parts }, async (sink: ImageSink) => {
    const before = encodeCpioMember({ ...member, size: 0 }).length;
    const writeHeader = await sink.reserve(before);
    const most = mostBytes - before - behind.length;
    const size = await filesystem.write(
      request,
      boundedSink(sink, most, () => tooLarge(filesystem, most)),
    );
    await writeHeader(encodeCpioMember({ ...member, size }));
    await sink.append(cpioPadding(size));
    await sink.append(behind);
  });
  return { size: written.size, sha256: written.sha256, streamHash: await parts.end() };
}

function tooLarge({ name, smallestOptions }: LiveFilesystem, most: number): Error {
  return usageError(
    'FILESYSTEM_TOO_LARGE',
    `the ${name} of live media would have more than ${most} bytes, and no file of theirs can be larger`,
    {
      hint: `compress it more, with live-rootfs-fsoptions: ${JSON.stringify(smallestOptions)} in image.yaml, or leave packages out; then build the container again`,
    },
  );
}
