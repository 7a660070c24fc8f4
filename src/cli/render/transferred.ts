import type { Transferred } from '../../flows/container/transfer.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { line, lines, type Shown } from './shown.ts';
import type { Style } from './style.ts';

/** Where an image has gone, and what had to move for it. */
export function transferredText(
  { destination, digest, tags, moved, blobs, bytes, leftOut }: Transferred,
  style: Style,
): Shown {
  const left = leftOut.map((reason) => line`  ${style.yellow('left out')} ${reason}`);
  const names = style.bold(`${destination}:${tags.join(', ')}`);
  const nothing = moved.length === 0 && blobs.sent === 0 && blobs.mounted === 0;
  if (nothing && tags.length > 0) {
    return lines([line`${names} points to ${digest} already`, ...left]);
  }
  const counts = [
    `${plural(blobs.sent, 'blob')} copied (${formatBytes(bytes)})`,
    ...(blobs.mounted > 0 ? [`${blobs.mounted} mounted`] : []),
    ...(blobs.present > 0 ? [`${blobs.present} there already`] : []),
  ];
  return lines([line`${names} → ${digest}\n  ${counts.join(', ')}`, ...left]);
}
