import { encodeHeaderBlock, maxHeaderName } from './header.ts';
import { encodePax, xattrKey } from './pax.ts';
import { blockSize, extensionFlags, paddingSize, type TarHeader, typeFlags } from './types.ts';

const zeros = Buffer.alloc(2 * blockSize);

/** What ends an archive: two blocks of zeros. */
export const endOfArchive: Buffer = zeros;

/** The zeros behind content of this size. */
export function padding(size: number): Buffer {
  return zeros.subarray(0, paddingSize(size));
}

/**
 * Everything that stands before an entry's content: a pax header if there are xattrs, GNU long name entries
 * for names over 100 bytes, and the header block in GNU format. The same header gives the same bytes.
 * The caller writes exactly `size` bytes of content and their {@link padding} behind it.
 */
export function encodeEntry(header: TarHeader): Buffer {
  const name = Buffer.from(header.path);
  const linkName = Buffer.from(header.linkTarget);
  const parts: Buffer[] = [];
  if (header.xattrs.length > 0) {
    const records = new Map(header.xattrs.map(({ name: xattr, value }) => [xattrKey(xattr), value]));
    parts.push(...extension(extensionFlags.pax, Buffer.from('././@PaxHeader'), encodePax(records)));
  }
  // GNU tar ends the long names with a zero and counts it.
  if (linkName.length > maxHeaderName) {
    parts.push(...extension(extensionFlags.gnuLongLink, longLinkName, Buffer.concat([linkName, Buffer.alloc(1)])));
  }
  if (name.length > maxHeaderName) {
    parts.push(...extension(extensionFlags.gnuLongName, longLinkName, Buffer.concat([name, Buffer.alloc(1)])));
  }
  parts.push(
    encodeHeaderBlock({
      typeFlag: typeFlags[header.type],
      name: name.subarray(0, maxHeaderName),
      linkName: linkName.subarray(0, maxHeaderName),
      mode: header.mode,
      uid: header.uid,
      gid: header.gid,
      size: header.size,
      mtime: header.mtime,
    }),
  );
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

const longLinkName = Buffer.from('././@LongLink');

function extension(typeFlag: string, name: Buffer, content: Buffer): Buffer[] {
  const header = { typeFlag, name, linkName: Buffer.alloc(0), mode: 0o644, uid: 0, gid: 0, mtime: 0 };
  return [encodeHeaderBlock({ ...header, size: content.length }), content, padding(content.length)];
}
