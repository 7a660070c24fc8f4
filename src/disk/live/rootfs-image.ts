import { cpioPadding, encodeCpio, encodeCpioMember } from '../../lib/cpio/writer.ts';
import type { ImageSink } from '../formats/format.ts';
import type { WrittenFile } from '../image-file/file-sink.ts';
import { writeImageFile } from '../image-file.ts';
import type { LiveFilesystem, LiveFilesystemRequest } from './filesystems/live-filesystem.ts';
import { streamHashOf } from './stream-hash.ts';

/** What live media have their root in: an archive that is loaded behind an initramfs, or mounted where its first member lies. */
export interface LiveRootfs extends WrittenFile {
  /** As {@link streamHashOf} has it. */
  streamHash: string;
}

/**
 * Writes `rootfs.img`: an archive in which the filesystem comes first, so that its data begin at byte 124 whatever it is,
 * and then the version that it belongs to.
 * @param path does not exist yet
 * @throws CosaError `CPIO_MEMBER` (exit 1) for a filesystem of 4 GiB and more; what the filesystem and `writeImageFile` throw
 */
export async function writeRootfsImage(
  path: string,
  filesystem: LiveFilesystem,
  request: LiveFilesystemRequest,
  version: string,
): Promise<LiveRootfs> {
  const { threads, signal } = request;
  const member = { path: filesystem.fileName, type: 'file', permissions: 0o644 } as const;
  const written = await writeImageFile(path, { threads, signal }, async (sink: ImageSink) => {
    const writeHeader = await sink.reserve(encodeCpioMember({ ...member, size: 0 }).length);
    const size = await filesystem.write(request, sink);
    await writeHeader(encodeCpioMember({ ...member, size }));
    await sink.append(cpioPadding(size));
    await sink.append(
      encodeCpio([{ path: 'etc/coreos-live-rootfs', permissions: 0o644, content: Buffer.from(`${version}\n`) }]),
    );
  });
  return { size: written.size, sha256: written.sha256, streamHash: await streamHashOf(path, signal) };
}
