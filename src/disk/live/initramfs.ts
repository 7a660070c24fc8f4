import { prettyJson } from '../../lib/canonical-json.ts';
import { encodeCpio } from '../../lib/cpio/writer.ts';
import type { BaseDisk, PlacedFile } from '../base-disk/types.ts';
import { diskContent, heldContent, joinedContent, type MediaContent } from './media-content.ts';
import type { LiveRootfs } from './rootfs-image.ts';

/** What of coreos-installer's customizing live systems understand, for it to read: its installer is not theirs. */
export const featuresText: string = prettyJson({ 'installer-config': false, 'live-initrd-network': false });

/** Archives in an initramfs begin at a multiple of this. */
const alignment = 4;

/** The container's kernel. */
export function kernelContent(base: BaseDisk): MediaContent {
  return contentOf(base, `vmlinuz-${base.kernelRelease}`);
}

/**
 * The container's initramfs, and behind it an archive by which it knows that it is on live media, and which root filesystem
 * belongs to it.
 */
export function liveInitramfs(base: BaseDisk, { streamHash }: Pick<LiveRootfs, 'streamHash'>): MediaContent {
  const initramfs = contentOf(base, `initramfs-${base.kernelRelease}.img`);
  const archive = encodeCpio([
    { path: 'etc/coreos-live-initramfs', permissions: 0o644, content: Buffer.from(`${base.container.version}\n`) },
    { path: 'etc/coreos-live-want-rootfs', permissions: 0o644, content: Buffer.from(streamHash) },
    { path: 'etc/coreos/features.json', permissions: 0o644, content: Buffer.from(featuresText) },
  ]);
  const gap = (alignment - (initramfs.size % alignment)) % alignment;
  return joinedContent([initramfs, heldContent(Buffer.concat([Buffer.alloc(gap), archive]))]);
}

/** A file of the boot partition. Every base disk has a kernel and an initramfs. */
function contentOf({ bootFiles, source }: BaseDisk, path: string): MediaContent {
  const file: PlacedFile | undefined = bootFiles.find((candidate) => candidate.path === path);
  if (file === undefined) throw new RangeError(`the boot partition has no ${path}`);
  return diskContent(source, file.extents);
}
