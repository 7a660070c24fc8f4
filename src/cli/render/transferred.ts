import { formatBytes, plural } from '../../lib/format.ts';
import type { Transferred } from '../../workspace/transfer.ts';
import { line, lines, type Shown } from './shown.ts';
import type { Style } from './style.ts';

/** Where an image has gone, and what had to move for it. */
export function transferredText(
  { destination, digest, tags, moved, blobs, bytes, leftOut, diskImagesLeft }: Transferred,
  style: Style,
): Shown {
  const left = [
    ...leftOut.map((reason) => line`  ${style.yellow('left out')} ${reason}`),
    ...(diskImagesLeft > 0
      ? [`  ${plural(diskImagesLeft, 'disk image')} left where they are: "cosa image pull" fetches them`]
      : []),
  ];
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
