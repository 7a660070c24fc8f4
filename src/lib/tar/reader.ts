import { type ByteSource, byteSource } from '../byte-source.ts';
import { verificationError } from '../errors.ts';
import type { Xattr } from '../xattr.ts';
import { type GlobalRecords, globalRecords } from './global-records.ts';
import { type DecodedHeader, decodeHeaderBlock, decodeName, maximumId, type RawHeader } from './header.ts';
import { decodePax, type PaxRecords, sparse, xattrsOf } from './pax.ts';
import { truncated } from './truncated.ts';
import { blockSize, extensionFlags, paddingSize, type TarEntryType, type TarHeader, typeFlags } from './types.ts';

/** An entry of a stream that is being read. */
export interface TarEntry extends TarHeader {
  /** Where the entry's header block stands in the stream, for messages. */
  offset: number;
  /** The names of user and group, which count before their numbers where programs are to choose; empty if not given. */
  owner: { user: string; group: string };
  /**
   * The content, as views of the stream's chunks: copy what is to be kept. Good until the next entry is
   * asked for; what has not been read by then is skipped.
   * @throws CosaError `TAR_TRUNCATED` (exit 4)
   */
  content(): AsyncGenerator<Buffer, void, void>;
  /**
   * The content as a whole.
   * @param limit bytes at most, for what is read comes from outside
   * @throws CosaError `TAR_ENTRY_TOO_LARGE`, `TAR_TRUNCATED` (exit 4)
   */
  bytes(limit: number): Promise<Buffer>;
}

/** Linux takes xattr values of 64 KiB, and ostree xattrs of 1 MiB altogether; the rest is room for names. */
const maxPaxSize = (1 << 20) + (1 << 16);
/** PATH_MAX is 4096: this is generous. */
const maxLongName = 1 << 16;
/** tar pads an archive to a full record, 10 KiB unless told; nobody pads further than this. */
const maxTrailingZeros = 1 << 20;

const entryTypes = new Map<string, TarEntryType>([
  ...Object.entries(typeFlags).map(([type, flag]) => [flag, type as TarEntryType] as const),
  // Before POSIX a file had a zero here; '7' is a contiguous file, which nobody treats differently.
  ['\0', 'file'],
  ['7', 'file'],
]);

/**
 * Reads a tar stream of unknown origin: ustar, GNU and pax headers, base-256 numbers, long names. Memory is
 * bounded whatever the stream says. The stream is read to its very end, so that a source which verifies
 * a digest gets to do so.
 * @throws CosaError `TAR_TRUNCATED`, `TAR_HEADER_CHECKSUM`, `TAR_HEADER_NUMBER`, `TAR_PAX_INVALID`,
 *   `TAR_NAME_ENCODING`, `TAR_NAME_INVALID`, `TAR_ENTRY_TYPE`, `TAR_ENTRY_SIZE`, `TAR_ENTRY_TOO_LARGE`,
 *   `TAR_SPARSE`, `TAR_TRAILING_DATA` (all exit 4)
 */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void, void> {
  const source = byteSource(chunks);
  const globals = globalRecords(maxPaxSize);
  let extensions = noExtensions();
  try {
    for (;;) {
      const offset = source.offset;
      const block = await source.take(blockSize);
      if (block.length < blockSize) throw truncated(source.offset, 'before the end-of-archive marker');
      if (isZero(block)) break;
      const raw = decodeHeaderBlock(block, offset);
      if (await readExtension(source, raw, offset, extensions, globals)) continue;
      const header = applyExtensions(raw, offset, extensions, globals);
      extensions = noExtensions();
      const content = contentReader(source, header);
      yield { ...header, offset, content: content.chunks, bytes: content.whole };
      await content.skip();
    }
    await readTrailer(source);
  } finally {
    await source.close();
  }
}

/** What extension entries said about the entry to come. */
interface Extensions {
  pax: PaxRecords;
  longName: Buffer | undefined;
  longLink: Buffer | undefined;
}

function noExtensions(): Extensions {
  return { pax: new Map(), longName: undefined, longLink: undefined };
}

/** Reads an entry that only describes the next one. Returns false if this is not such an entry. */
async function readExtension(
  source: ByteSource,
  raw: RawHeader,
  offset: number,
  extensions: Extensions,
  globals: GlobalRecords,
): Promise<boolean> {
  switch (raw.typeFlag) {
    case extensionFlags.pax:
      extensions.pax = decodePax(await takeExtension(source, raw.size, maxPaxSize, offset), offset);
      return true;
    case extensionFlags.globalPax:
      globals.add(decodePax(await takeExtension(source, raw.size, maxPaxSize, offset), offset), offset);
      return true;
    case extensionFlags.gnuLongName:
      extensions.longName = untilZero(await takeExtension(source, raw.size, maxLongName, offset));
      return true;
    case extensionFlags.gnuLongLink:
      extensions.longLink = untilZero(await takeExtension(source, raw.size, maxLongName, offset));
      return true;
    default:
      return false;
  }
}

async function takeExtension(source: ByteSource, size: number, limit: number, offset: number): Promise<Buffer> {
  if (size > limit) throw tooLarge(offset, 'the extended header', limit);
  const content = Buffer.from(await source.take(size));
  const padding = await source.take(paddingSize(size));
  if (content.length < size || padding.length < paddingSize(size)) {
    throw truncated(source.offset, 'within an extended header');
  }
  return content;
}

function applyExtensions(
  raw: DecodedHeader,
  offset: number,
  { pax, ...long }: Extensions,
  globals: GlobalRecords,
): Omit<TarEntry, 'offset' | 'content' | 'bytes'> {
  // An empty value takes a record back, except for an xattr, whose value may well be empty.
  const record = (key: string) => {
    const value = pax.get(key) ?? globals.get(key);
    return value === undefined || value.length === 0 ? undefined : value;
  };
  for (const [key, value] of pax) if (key.startsWith('GNU.sparse.') && value.length > 0) throw sparse(offset);
  const number = (key: PaxNumber, otherwise: number) => paxNumber(record(key), offset, key) ?? otherwise;
  const name = record('path') ?? long.longName ?? raw.name;
  const linkName = record('linkpath') ?? long.longLink ?? raw.linkName;
  const path = decodeName(name, offset);
  const type = entryType(raw.typeFlag, path, offset);
  const isLink = type === 'symlink' || type === 'hardlink';
  const linkTarget = isLink ? decodeName(linkName, offset) : '';
  if (path === '' || path.includes('\0') || linkTarget.includes('\0') || (isLink && linkTarget === '')) {
    throw verificationError('TAR_NAME_INVALID', `tar: the entry at offset ${offset} has an empty name or a zero in it`);
  }
  const size = number('size', raw.size);
  if (type !== 'file' && size !== 0) {
    // Readers disagree whether content follows then: one stream must not mean two things.
    throw verificationError('TAR_ENTRY_SIZE', `tar: "${path}" at offset ${offset} is a ${type} of ${size} bytes`);
  }
  return {
    type,
    path,
    linkTarget,
    mode: raw.mode & 0o7777,
    uid: number('uid', raw.uid),
    gid: number('gid', raw.gid),
    size,
    mtime: number('mtime', raw.mtime),
    xattrs: mergeXattrs(globals.xattrs, xattrsOf(pax)),
    owner: {
      user: record('uname')?.toString('utf8') ?? raw.userName,
      group: record('gname')?.toString('utf8') ?? raw.groupName,
    },
  };
}

function entryType(flag: string, path: string, offset: number): TarEntryType {
  if (flag === 'S') throw sparse(offset);
  // Before POSIX a directory was a file whose name ends with a slash.
  if (flag === '\0' && path.endsWith('/')) return 'directory';
  const type = entryTypes.get(flag);
  if (type === undefined) {
    throw verificationError(
      'TAR_ENTRY_TYPE',
      `tar: "${path}" at offset ${offset} has the unknown type ${JSON.stringify(flag)}`,
    );
  }
  return type;
}

function mergeXattrs(globals: readonly Xattr[], own: readonly Xattr[]): readonly Xattr[] {
  if (own.length === 0) return globals;
  if (globals.length === 0) return own;
  const byName = new Map([...globals, ...own].map((xattr) => [xattr.name, xattr]));
  return [...byName.values()];
}

type PaxNumber = 'uid' | 'gid' | 'size' | 'mtime';

function paxNumber(value: Buffer | undefined, offset: number, key: PaxNumber): number | undefined {
  if (value === undefined) return undefined;
  const match = (key === 'mtime' ? /^(-?\d{1,15})(\.\d*)?$/ : /^(\d{1,15})$/).exec(value.toString('latin1'));
  const number = Number(match?.[1]);
  const isOwner = key === 'uid' || key === 'gid';
  if (match === null || (isOwner && number > maximumId)) {
    throw verificationError('TAR_PAX_INVALID', `tar: the pax header before offset ${offset} has no valid ${key}`);
  }
  return number;
}

function contentReader(source: ByteSource, header: TarHeader) {
  let left = header.size;
  const end = source.offset + header.size + paddingSize(header.size);

  async function* chunks(): AsyncGenerator<Buffer, void, void> {
    while (left > 0) {
      const chunk = await source.takeSome(left);
      if (chunk.length === 0) throw truncated(source.offset, `within "${header.path}"`);
      left -= chunk.length;
      yield chunk;
    }
  }

  async function whole(limit: number): Promise<Buffer> {
    if (header.size > limit) throw tooLarge(source.offset, `"${header.path}"`, limit);
    const bytes = Buffer.from(await source.take(left));
    if (bytes.length < left) throw truncated(source.offset, `within "${header.path}"`);
    left = 0;
    return bytes;
  }

  async function skip(): Promise<void> {
    left = 0;
    while (source.offset < end) {
      const chunk = await source.takeSome(end - source.offset);
      if (chunk.length === 0) throw truncated(source.offset, `within "${header.path}"`);
    }
  }

  return { chunks, whole, skip };
}

/** Reads what follows the first zero block: nothing but a bounded number of zeros. */
async function readTrailer(source: ByteSource): Promise<void> {
  const begin = source.offset;
  for (;;) {
    const chunk = await source.takeSome(1 << 16);
    if (chunk.length === 0) return;
    if (!isZero(chunk) || source.offset - begin > maxTrailingZeros) {
      throw verificationError('TAR_TRAILING_DATA', `tar: data follows the end-of-archive marker at offset ${begin}`, {
        hint: 'no reader would see it, so nobody has a reason to send it: do not trust this archive',
      });
    }
  }
}

const zeros = Buffer.alloc(1 << 16);

function isZero(bytes: Buffer): boolean {
  return bytes.equals(zeros.subarray(0, bytes.length));
}

function untilZero(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

function tooLarge(offset: number, what: string, limit: number): Error {
  return verificationError('TAR_ENTRY_TOO_LARGE', `tar: ${what} at offset ${offset} is larger than ${limit} bytes`);
}
