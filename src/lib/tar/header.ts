import { isUtf8 } from 'node:buffer';
import { verificationError } from '../errors.ts';
import { blockSize } from './types.ts';

// One 512-byte header block. Layout: https://www.gnu.org/software/tar/manual/html_node/Standard.html
// A field is [offset, length].
const field = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeFlag: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  userName: [265, 32],
  groupName: [297, 32],
  prefix: [345, 155],
} as const;

type Field = readonly [offset: number, length: number];

/** GNU's magic and version, which say that the name has no prefix field. */
const gnuMagic = 'ustar  \0';
/** POSIX's magic; the version behind it is `00`. */
const ustarMagic = 'ustar\0';

/** Longest name that a header block holds; longer ones travel in an entry of their own. */
export const maxHeaderName = field.name[1];

/** The largest user or group that Linux knows: the number above it means "leave the owner as it is". */
export const maximumId = 2 ** 32 - 2;

/** A header block's fields, before what extension entries say is applied. */
export interface RawHeader {
  typeFlag: string;
  /** Raw bytes: whether they are UTF-8 matters only if no extension entry replaces them. */
  name: Buffer;
  linkName: Buffer;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
}

/** What is only read: we write owners by number alone. */
export interface DecodedHeader extends RawHeader {
  /** Empty where the archive gives no name. */
  userName: string;
  groupName: string;
}

/**
 * Encodes a header block in GNU format. Numbers too large for octal digits become base-256.
 * @param header name and linkName of at most {@link maxHeaderName} bytes each
 */
export function encodeHeaderBlock(header: RawHeader): Buffer {
  // From the pool: a memory area of its own costs more than all of the encoding.
  const block = Buffer.allocUnsafe(blockSize).fill(0);
  header.name.copy(block, field.name[0]);
  header.linkName.copy(block, field.linkName[0]);
  writeNumber(block, field.mode, header.mode);
  writeNumber(block, field.uid, header.uid);
  writeNumber(block, field.gid, header.gid);
  writeNumber(block, field.size, header.size);
  writeNumber(block, field.mtime, header.mtime);
  block.write(header.typeFlag, field.typeFlag[0], 'latin1');
  block.write(gnuMagic, field.magic[0], 'latin1');
  writeChecksum(block);
  return block;
}

/** Sets the checksum of a header block in which more was written. */
export function writeChecksum(block: Buffer): void {
  // Six digits, a zero and a space: the one field whose terminator differs.
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, field.checksum[0], 'latin1');
}

/**
 * Decodes a header block and verifies its checksum.
 * @param offset where the block stands in the stream: for messages
 * @throws CosaError `TAR_HEADER_CHECKSUM`, `TAR_HEADER_NUMBER` (exit 4)
 */
export function decodeHeaderBlock(block: Buffer, offset: number): DecodedHeader {
  if (readNumber(block, field.checksum, offset, 'checksum') !== checksum(block)) {
    throw verificationError('TAR_HEADER_CHECKSUM', `tar: the header at offset ${offset} does not match its checksum`, {
      hint: 'the stream is damaged or not a tar archive: get it again',
    });
  }
  const name = text(block, field.name);
  // GNU's magic begins alike, and its names of owners lie in the same place; an older archive has none.
  const hasOwners = block.toString('latin1', field.magic[0], field.magic[0] + 5) === 'ustar';
  const isUstar = block.toString('latin1', field.magic[0], field.magic[0] + ustarMagic.length) === ustarMagic;
  const prefix = isUstar ? text(block, field.prefix) : Buffer.alloc(0);
  return {
    typeFlag: String.fromCharCode(block[field.typeFlag[0]] ?? 0),
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]),
    linkName: text(block, field.linkName),
    mode: readNumber(block, field.mode, offset, 'mode', 2 ** 32 - 1),
    uid: readNumber(block, field.uid, offset, 'uid', maximumId),
    gid: readNumber(block, field.gid, offset, 'gid', maximumId),
    size: readNumber(block, field.size, offset, 'size'),
    mtime: readNumber(block, field.mtime, offset, 'mtime'),
    userName: hasOwners ? text(block, field.userName).toString('utf8') : '',
    groupName: hasOwners ? text(block, field.groupName).toString('utf8') : '',
  };
}

/**
 * A name's text. ostree and OCI know UTF-8 names alone; guessing another encoding would name a different file.
 * @throws CosaError `TAR_NAME_ENCODING` (exit 4), whose cause is the name's bytes
 */
export function decodeName(bytes: Buffer, offset: number): string {
  if (!isUtf8(bytes)) {
    throw verificationError(
      'TAR_NAME_ENCODING',
      `tar: the name "${bytes.toString('latin1')}" of the entry at offset ${offset} is not UTF-8`,
      { hint: 'rename the file', cause: bytes },
    );
  }
  return bytes.toString('utf8');
}

/** The sum of all bytes, with the checksum's own field counted as spaces. */
function checksum(block: Buffer): number {
  const [begin, length] = field.checksum;
  let sum = length * 0x20;
  for (let index = 0; index < begin; index++) sum += block[index] ?? 0;
  for (let index = begin + length; index < blockSize; index++) sum += block[index] ?? 0;
  return sum;
}

function text(block: Buffer, [offset, length]: Field): Buffer {
  const bytes = block.subarray(offset, offset + length);
  const end = bytes.indexOf(0);
  // Copied, because the block may be a view of a large chunk that should not be kept alive.
  return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end));
}

/** Writes octal digits and a zero; base-256 if they do not fit. */
export function writeNumber(block: Buffer, [offset, length]: Field, value: number): void {
  const digits = value.toString(8);
  if (value >= 0 && digits.length < length) {
    block.write(`${digits.padStart(length - 1, '0')}\0`, offset, 'latin1');
    return;
  }
  let rest = BigInt.asUintN(length * 8 - 1, BigInt(value));
  for (let index = offset + length - 1; index >= offset; index--) {
    block[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  // The first bit marks base-256; the next is the sign.
  block[offset] = (block[offset] ?? 0) | 0x80;
}

function readNumber(
  block: Buffer,
  [offset, length]: Field,
  at: number,
  what: string,
  maximum = Number.MAX_SAFE_INTEGER,
): number {
  const bytes = block.subarray(offset, offset + length);
  const value = (bytes[0] ?? 0) & 0x80 ? fromBase256(bytes) : fromOctal(bytes);
  const isValid = Number.isSafeInteger(value) && value !== undefined && value <= maximum;
  if (!isValid || (value < 0 && what !== 'mtime')) {
    throw verificationError('TAR_HEADER_NUMBER', `tar: the header at offset ${at} has no valid ${what}`, {
      hint: 'the stream is damaged or not a tar archive: get it again',
    });
  }
  return value;
}

function fromOctal(bytes: Buffer): number | undefined {
  const match = /^ *([0-7]*)[ \0]*$/.exec(bytes.toString('latin1'));
  return match === null ? undefined : Number.parseInt(match[1] || '0', 8);
}

function fromBase256(bytes: Buffer): number {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return Number(BigInt.asIntN(bytes.length * 8 - 1, value));
}
