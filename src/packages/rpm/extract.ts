import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { type CpioHeader, fileType } from '../../lib/cpio/header.ts';
import { readCpio } from '../../lib/cpio/reader.ts';
import { CosaError } from '../../lib/errors.ts';
import { type CompressedPart, decompressParts, type PartCompression } from '../decompress-parts.ts';
import { type MemberWriter, memberWriter, NeedsTarget, type PackageMember } from '../write-member.ts';
import type { RpmFile } from './header/files.ts';
import { invalidRpm } from './header.ts';
import { nevra, type RpmPackage } from './package-file.ts';

/** rpm's names; of others, which no package of a living system has, rpm itself takes care. */
const compressions: Readonly<Record<string, PartCompression>> = { gzip: 'gzip', xz: 'xz', zstd: 'zstd' };

/** False for packages that only rpm itself unpacks: of bzip2 or lzma. */
export function canExtract({ header }: RpmPackage): boolean {
  return header.payloadCompressor in compressions;
}

/** Permission bits with set-uid, set-gid and sticky. */
const permissionBits = 0o7777;

/**
 * Unpacks packages into an empty directory, for programs that run there and change nothing: everything belongs to us, no
 * script runs, devices are left out.
 * @throws CosaError `PACKAGE_INVALID`, `CPIO_INVALID`, `CPIO_TRUNCATED`, what `decompressParts` throws; the signal's
 *   reason
 */
export async function extractRpms(packages: readonly RpmPackage[], root: string, signal: AbortSignal): Promise<void> {
  const writer = memberWriter(root);
  await writeLinks(packages, writer);
  const parts = await Promise.all(packages.map(payloadOf));
  const extract = async (index: number, bytes: AsyncIterable<Buffer>) => {
    const item = packages[index] as RpmPackage;
    try {
      await extractPayload(item, bytes, writer);
    } catch (cause) {
      if (!(cause instanceof NeedsTarget)) throw cause;
      throw new CosaError('PACKAGE_INVALID', `${nevra(item.header)} cannot be unpacked: ${cause.message}`, { cause });
    }
  };
  await decompressParts(parts, extract, signal);
}

async function payloadOf({ file, header }: RpmPackage): Promise<CompressedPart> {
  if (header.payloadFormat !== 'cpio') throw invalidRpm(file, `its payload is ${header.payloadFormat}, not cpio`);
  const { payloadOffset: offset, payloadCompressor } = header;
  return {
    file,
    compression: compressions[payloadCompressor] ?? 'other',
    offset,
    size: (await stat(file)).size - offset,
  };
}

/**
 * Links to directories come first, in whatever package they are: what others have below is then where they lead. Those of a
 * merged /usr are there in any case, for a system whose packages do not bring them.
 */
async function writeLinks(packages: readonly RpmPackage[], writer: MemberWriter): Promise<void> {
  const targets = new Map(['bin', 'lib', 'lib64', 'sbin'].map((name) => [`/${name}`, `usr/${name}`]));
  for (const { files } of packages) {
    for (const { path, linkTarget } of files.filter(isLink)) targets.set(path, linkTarget);
  }
  const sorted = [...targets].sort(([a], [b]) => depth(a) - depth(b));
  for (const [path, linkTarget] of sorted) await writer.write(path, member({ type: 'symlink', linkTarget }), 0);
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) {
    if (!targets.has(`/usr/${name}`)) await writer.write(`/usr/${name}`, member({ type: 'directory', mode: 0o755 }), 0);
  }
}

async function extractPayload(item: RpmPackage, bytes: AsyncIterable<Buffer>, writer: MemberWriter): Promise<void> {
  const { files } = item;
  const byPath = new Map(files.map((file) => [file.path, file]));
  const names = namesByInode(files);
  for await (const entry of readCpio(bytes, { members: files.length }, numberedMembers(files))) {
    const file = byPath.get(posix.join('/', entry.path));
    if (file === undefined) throw invalidRpm(item.file, `its header does not know ${JSON.stringify(entry.path)}`);
    if (!isRegular(file)) continue;
    const others = (names.get(file.inode) ?? []).filter((other) => other !== file);
    // Of several names the last one has the content.
    if (others.length > 0 && entry.size === 0 && file.size > 0) continue;
    const mode = file.mode & permissionBits;
    await writer.write(file.path, member({ type: 'file', mode, content: () => entry.content() }), 0);
    for (const { path } of others) await writer.write(path, member({ type: 'hardlink', linkTarget: file.path }), 0);
  }
}

/** What members are whose headers have a file's number alone. */
function numberedMembers(files: readonly RpmFile[]): CpioHeader[] {
  const names = namesByInode(files);
  return files.map((file) => {
    const isLast = !isRegular(file) || names.get(file.inode)?.at(-1) === file;
    const size = isLast && (isRegular(file) || isLink(file)) ? file.size : 0;
    return { path: file.path, mode: file.mode, uid: 0, gid: 0, links: 1, mtime: 0, size };
  });
}

function namesByInode(files: readonly RpmFile[]): ReadonlyMap<number, RpmFile[]> {
  const names = new Map<number, RpmFile[]>();
  for (const file of files) {
    if (isRegular(file) && !file.isGhost) names.set(file.inode, [...(names.get(file.inode) ?? []), file]);
  }
  return names;
}

const nobody = { linkTarget: '', mode: 0, uid: 0, gid: 0, mtime: 0 };

function member(given: Partial<PackageMember> & Pick<PackageMember, 'type'>): PackageMember {
  return { ...nobody, content: nothing, ...given };
}

async function* nothing(): AsyncGenerator<Buffer, void, void> {}

function isRegular({ mode }: RpmFile): boolean {
  return (mode & fileType.mask) === fileType.regular;
}

function isLink({ mode }: RpmFile): boolean {
  return (mode & fileType.mask) === fileType.link;
}

function depth(path: string): number {
  return path.split('/').length;
}
