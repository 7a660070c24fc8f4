import type { TarEntry } from '../../../lib/tar/reader.ts';
import type { Xattr } from '../../../lib/xattr.ts';
import { encodeXattrs } from '../../objects.ts';
import { pathError } from '../layout-path.ts';
import { maximumXattrsBytes, type ParsedDirmeta, xattrName } from '../metadata.ts';

/** Longest target of a symbolic link: PATH_MAX with its terminating zero. */
const maximumTargetBytes = 4095;

/**
 * What container tools keep on their own disks, and write into layers if nobody stops them: they mean nothing in the image,
 * and `trusted.*` would be read by the next overlay.
 */
const ofTools = /^(trusted\.|user\.(overlay|containers|rootlesscontainers|fuseoverlayfs)\b)/;

/**
 * Owner, mode and xattrs of an entry, as ostree keeps them: xattrs without a value are no xattrs there.
 * @throws CosaError `LAYER_PATH` (exit 4) for xattrs that ostree does not take
 */
export function entryMetadata({ type, path, uid, gid, mode, xattrs }: TarEntry, layer: string): ParsedDirmeta {
  // Linux gives every symbolic link this mode; what the archive says of it varies between writers.
  return { uid, gid, mode: type === 'symlink' ? 0o777 : mode, xattrs: keptXattrs(xattrs, path, layer) };
}

function keptXattrs(xattrs: readonly Xattr[], path: string, layer: string): readonly Xattr[] {
  const kept = xattrs.filter(({ name, value }) => value.length > 0 && !ofTools.test(name));
  if (kept.length === 0) return kept;
  for (const { name } of kept) {
    if (!xattrName.test(name)) throw pathError(layer, path, `has the impossible xattr ${JSON.stringify(name)}`);
  }
  if (encodeXattrs(kept).length > maximumXattrsBytes) {
    throw pathError(layer, path, `has more than ${maximumXattrsBytes} bytes of xattrs`);
  }
  return kept;
}

/** @throws CosaError `LAYER_PATH` (exit 4) for a symbolic link that no filesystem holds */
export function requireTarget({ path, linkTarget }: TarEntry, layer: string): void {
  if (Buffer.byteLength(linkTarget) > maximumTargetBytes) {
    throw pathError(layer, path, `is a symbolic link of more than ${maximumTargetBytes} bytes`);
  }
}
