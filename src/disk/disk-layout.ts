import { type DiskLayout, defaultDiskLayout, diskLayoutSchema } from '../contract/disk-layout.ts';
import { containerPaths } from '../contract/paths.ts';
import { parseDocument } from '../lib/document.ts';
import { verificationError } from '../lib/errors.ts';

/** A container's file is larger than any layout by mistake, or by malice. */
export const maximumLayoutBytes = 1 << 20;

/**
 * Reads disk.json of a container.
 * @param content undefined if the container has none: then its disks are those that every container has
 * @throws CosaError `IMAGE_CONFIG_INVALID` (exit 4) naming the key
 */
export function readDiskLayout(content: Buffer | undefined): DiskLayout {
  if (content === undefined) return defaultDiskLayout;
  const invalid = (reason: string) =>
    verificationError('IMAGE_CONFIG_INVALID', `${containerPaths.diskLayout} in the container: ${reason}`);
  if (content.length > maximumLayoutBytes) throw invalid(`it has more than ${maximumLayoutBytes} bytes`);
  return parseDocument(diskLayoutSchema, content.toString(), ({ field, reason, position }) => {
    const place = field === undefined ? '' : `"${field}": `;
    return invalid(`${place}${position === undefined ? reason : `it ${reason}`}`);
  });
}
