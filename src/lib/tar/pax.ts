import { verificationError } from '../errors.ts';
import type { Xattr } from '../xattr.ts';

/**
 * Records of a pax header: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03
 * Values are bytes, not text, for xattrs such as file capabilities are binary. Keys are text.
 */
export type PaxRecords = Map<string, Buffer>;

/** Key prefix under which star, GNU tar and Go keep extended attributes. */
const xattrPrefix = 'SCHILY.xattr.';

/** The record key of an extended attribute. A key ends at `=`, so GNU tar escapes that character in names. */
export function xattrKey(name: string): string {
  return xattrPrefix + name.replaceAll('%', '%25').replaceAll('=', '%3D');
}

/** The extended attribute's name that a record key stands for, or `undefined` for any other record. */
function xattrName(key: string): string | undefined {
  if (!key.startsWith(xattrPrefix)) return undefined;
  return key.slice(xattrPrefix.length).replaceAll('%3D', '=').replaceAll('%25', '%');
}

/** The extended attributes among some records, in their order. */
export function xattrsOf(records: PaxRecords): Xattr[] {
  const xattrs: Xattr[] = [];
  for (const [key, value] of records) {
    const name = xattrName(key);
    if (name !== undefined) xattrs.push({ name, value });
  }
  return xattrs;
}

/** Encodes records in their order. */
export function encodePax(records: ReadonlyMap<string, Uint8Array>): Buffer {
  const parts: Uint8Array[] = [];
  for (const [key, value] of records) {
    const body = Buffer.from(` ${key}=`);
    // The length counts its own digits too: grow it until it agrees with itself.
    const rest = body.length + value.length + 1;
    let length = rest;
    while (String(length).length + rest !== length) length = String(length).length + rest;
    parts.push(Buffer.from(String(length)), body, value, Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}

/**
 * Decodes a pax header's content. Of two records with one key, the later wins.
 * @param offset where the header stands in the stream: for messages
 * @throws CosaError `TAR_PAX_INVALID` (exit 4)
 */
export function decodePax(content: Buffer, offset: number): PaxRecords {
  const invalid = (reason: string) =>
    verificationError('TAR_PAX_INVALID', `tar: the pax header at offset ${offset} ${reason}`, {
      hint: 'the stream is damaged or was written by a broken program: get it again',
    });
  const records: PaxRecords = new Map();
  let position = 0;
  while (position < content.length) {
    const space = content.indexOf(0x20, position);
    const digits = space === -1 ? '' : content.toString('latin1', position, space);
    if (!/^[1-9][0-9]{0,8}$/.test(digits)) throw invalid('has a record without length');
    const end = position + Number(digits);
    if (end > content.length) throw invalid('ends within a record');
    const equals = content.indexOf(0x3d, space);
    if (equals === -1 || equals >= end || content[end - 1] !== 0x0a) throw invalid('has a malformed record');
    const key = content.toString('utf8', space + 1, equals);
    // Deleted first, so that the order of the map is that of the records that count.
    records.delete(key);
    records.set(key, Buffer.from(content.subarray(equals + 1, end - 1)));
    position = end;
  }
  return records;
}

/** The error for a file with holes, whose content is written in a way of its own. */
export function sparse(offset: number): Error {
  return verificationError(
    'TAR_SPARSE',
    `tar: the entry at offset ${offset} is a sparse file, which is not supported`,
    {
      hint: 'write the archive without --sparse',
    },
  );
}
