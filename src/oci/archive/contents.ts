import type { FileHandle } from 'node:fs/promises';
import type { Digest } from '../../lib/digest.ts';
import { CosaError, usageError, verificationError } from '../../lib/errors.ts';
import { readTar, type TarEntry } from '../../lib/tar/reader.ts';
import { blockSize } from '../../lib/tar/types.ts';
import { emptyIndex, type IndexDocument, ordinaryLimits, parseIndexDocument } from '../layout/index-document.ts';
import { requireVersion } from '../layout/index-file.ts';

/** What an archive of an OCI layout holds, and where in the file each blob's bytes are. */
export interface ArchiveContents {
  index: IndexDocument;
  blobs: ReadonlyMap<Digest, FilePart>;
  /** Blobs that are symbolic links, with their targets: nothing is extracted, so that a link leads nowhere. */
  symlinks: ReadonlyMap<Digest, string>;
}

/** Where in the archive a member's bytes are. */
interface FilePart {
  offset: number;
  size: number;
}

/** An index has at most 10,000 entries, each of some blobs that are mostly shared. */
const maximumTarEntries = 200_000;
const maximumLayoutFileBytes = 4096;
/** A header has one block or a few: what is read beyond it is mostly skipped. */
const headerReadSize = 16 * 1024;

const compressors: readonly [magic: string, name: string, program: string][] = [
  ['1f8b', 'gzip', 'gunzip'],
  ['28b52ffd', 'zstd', 'unzstd'],
  ['fd377a585a00', 'xz', 'unxz'],
  ['425a68', 'bzip2', 'bunzip2'],
];

/**
 * Finds out what an archive holds. Reads headers, index.json and oci-layout; blobs are passed over. Nothing is
 * extracted, so names lead nowhere. Of two entries with one name the later counts, as it would when extracted.
 * @param file names the archive in errors
 * @throws CosaError `ARCHIVE_COMPRESSED` (exit 2), `ARCHIVE_INVALID`, `LAYOUT_INVALID`, `INDEX_INVALID` (exit 4)
 */
export async function readArchiveContents(handle: FileHandle, file: string): Promise<ArchiveContents> {
  await refuseCompressed(handle, file);
  const members = archiveMembers();
  const texts = new Map<string, string>();
  let isOfDocker = false;
  const source = skippingSource(handle);
  let count = 0;
  try {
    for await (const entry of readTar(source.chunks())) {
      if (++count > maximumTarEntries) throw invalid(file, `it has more than ${maximumTarEntries} entries`);
      const name = plainName(entry.path);
      isOfDocker ||= name === 'manifest.json';
      const offset = entry.offset + blockSize;
      members.add(name, entry, offset);
      if (entry.type !== 'file') continue;
      if (name === 'index.json') texts.set(name, await text(entry, ordinaryLimits.bytes));
      else if (name === 'oci-layout') texts.set(name, await text(entry, maximumLayoutFileBytes));
      else source.skipTo(offset + entry.size);
    }
  } catch (error) {
    if (!(error instanceof CosaError) || !error.code.startsWith('TAR_')) throw error;
    throw invalid(file, error.message, error);
  }
  const layoutFile = texts.get('oci-layout');
  if (layoutFile === undefined) throw noLayout(file, isOfDocker);
  requireVersion(layoutFile, `oci-layout in ${file}`);
  const indexText = texts.get('index.json');
  const index =
    indexText === undefined ? emptyIndex : parseIndexDocument(indexText, `index.json in ${file}`, ordinaryLimits);
  return { index, ...members.blobs() };
}

/** What the members of an archive are: a hard link is the member before it that it names. */
function archiveMembers() {
  const files = new Map<string, FilePart>();
  const symlinks = new Map<string, string>();

  function add(name: string, { type, size, linkTarget }: TarEntry, offset: number): void {
    const part = type === 'hardlink' ? files.get(plainName(linkTarget)) : { offset, size };
    files.delete(name);
    symlinks.delete(name);
    if (type === 'symlink') symlinks.set(name, linkTarget);
    else if ((type === 'file' || type === 'hardlink') && part !== undefined) files.set(name, part);
  }

  function blobs(): Pick<ArchiveContents, 'blobs' | 'symlinks'> {
    return { blobs: byDigest(files), symlinks: byDigest(symlinks) };
  }

  return { add, blobs };
}

function byDigest<T>(members: ReadonlyMap<string, T>): Map<Digest, T> {
  const found = new Map<Digest, T>();
  for (const [name, member] of members) {
    const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
    if (hex !== undefined) found.set(`sha256:${hex}`, member);
  }
  return found;
}

function plainName(path: string): string {
  return path.replace(/^(\.\/)+/, '');
}

async function text(entry: TarEntry, limit: number): Promise<string> {
  return (await entry.bytes(limit)).toString();
}

/** The file as a stream for the tar reader. Content that is skipped is not read: zeros take its place. */
function skippingSource(handle: FileHandle): { chunks(): AsyncGenerator<Buffer>; skipTo(offset: number): void } {
  const zeros = Buffer.alloc(1024 * 1024);
  let position = 0;
  let neededFrom = 0;
  return {
    async *chunks() {
      const { size } = await handle.stat();
      while (position < size) {
        const skipped = Math.min(neededFrom, size) - position;
        if (skipped > 0) {
          const chunk = zeros.subarray(0, skipped);
          position += chunk.length;
          yield chunk;
          continue;
        }
        const { bytesRead, buffer } = await handle.read(
          Buffer.allocUnsafe(headerReadSize),
          0,
          headerReadSize,
          position,
        );
        if (bytesRead === 0) return;
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    },
    skipTo: (offset) => {
      neededFrom = offset;
    },
  };
}

async function refuseCompressed(handle: FileHandle, file: string): Promise<void> {
  const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, 0);
  const start = buffer.toString('hex');
  const [, name, program] = compressors.find(([magic]) => start.startsWith(magic)) ?? [];
  if (name === undefined || program === undefined) return;
  throw usageError('ARCHIVE_COMPRESSED', `${file} is compressed with ${name}: blobs cannot be found in it`, {
    hint: `decompress it: ${program} --keep ${file}`,
  });
}

function noLayout(file: string, isOfDocker: boolean): CosaError {
  return verificationError('ARCHIVE_INVALID', `${file} is no archive of an OCI layout: it has no file "oci-layout"`, {
    hint: isOfDocker
      ? 'it looks like one of "docker save"; make one with: podman save --format oci-archive'
      : 'name a file that cosa copy, skopeo or podman save --format oci-archive wrote',
  });
}

function invalid(file: string, reason: string, cause?: unknown): CosaError {
  return verificationError('ARCHIVE_INVALID', `${file} cannot be read: ${reason}`, {
    hint: 'get or make the archive again',
    cause,
  });
}
