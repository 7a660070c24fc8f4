import { encodeHeaderBlock, writeChecksum } from '../../lib/tar/header.ts';

/** Where POSIX has its magic and version, and what they are. */
const magicAt = 257;
const magic = 'ustar\u000000';
const regularFile = '0';

/**
 * The header of a file in an archive of POSIX's kind, which is nobody's and as old as can be: the same file gives the same
 * bytes.
 * @param name at most 100 bytes
 */
export function memberHeader(name: string, size: number): Buffer {
  const header = encodeHeaderBlock({
    typeFlag: regularFile,
    name: Buffer.from(name),
    linkName: Buffer.alloc(0),
    mode: 0o644,
    uid: 0,
    gid: 0,
    size,
    mtime: 0,
  });
  header.write(magic, magicAt, 'latin1');
  writeChecksum(header);
  return header;
}
