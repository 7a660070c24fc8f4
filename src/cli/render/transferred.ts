import type { Transferred } from '../../flows/transfer/transfer.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { line, type Shown } from './shown.ts';
import type { Style } from './style.ts';

/** Where an image has gone, and what had to move for it. */
export function transferredText({ destination, digest, tags, moved, blobs, bytes }: Transferred, style: Style): Shown {
  const names = style.bold(`${destination}:${tags.join(', ')}`);
  const nothing = moved.length === 0 && blobs.sent === 0 && blobs.mounted === 0;
  if (nothing && tags.length > 0) return line`${names} points to ${digest} already`;
  const counts = [
    `${plural(blobs.sent, 'blob')} copied (${formatBytes(bytes)})`,
    ...(blobs.mounted > 0 ? [`${blobs.mounted} mounted`] : []),
    ...(blobs.present > 0 ? [`${blobs.present} there already`] : []),
  ];
  return line`${names} → ${digest}\n  ${counts.join(', ')}`;
}

/** The same for programs. */
export function transferredJson({ tags, moved, blobs, ...rest }: Transferred) {
  return { ...rest, tags: [...tags], moved: [...moved], blobs: { ...blobs } };
}
