import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { CosaError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { readTar, type TarEntry } from '../../lib/tar/reader.ts';
import { escapedName, nameNotUtf8 } from '../../lib/utf8-names.ts';
import { decompressParts } from '../decompress-parts.ts';
import { memberWriter, NeedsTarget } from '../write-member.ts';
import { isChangelog, isDocumentation } from './documentation.ts';
import type { PackageFile } from './package-file.ts';
import type { OwnedMember, UnpackedPackage } from './unpacked.ts';

export interface ExtractOptions {
  /** Whether manuals and their like are unpacked. */
  documentation: boolean;
}

/**
 * Unpacks packages over a root without dpkg, several at a time.
 * @returns those that were unpacked, in the order given, without those that must be left to the target's dpkg: links of
 *   the root lead its files elsewhere than here, or there is something that it alone knows how to replace; a part of
 *   their files may be there then
 * @throws CosaError `NAME_NOT_UTF8`, what `decompressParts` and `readTar` throw; the signal's reason
 */
export async function extractPackages(
  items: readonly PackageFile[],
  root: string,
  options: ExtractOptions,
  signal: AbortSignal,
): Promise<UnpackedPackage[]> {
  const writer = memberWriter(root);
  const unpacked = new Map<PackageFile, UnpackedPackage>();
  const orderOf = new Map(items.map((item, order) => [item, order]));
  const extractShare = (share: readonly PackageFile[], stopped: AbortSignal) => {
    const extract = async (index: number, bytes: AsyncIterable<Buffer>) => {
      const item = share[index] as PackageFile;
      const write = (path: string, member: TarEntry) => writer.write(path, member, orderOf.get(item) ?? 0);
      const files = await extractPackage(item, bytes, write, options);
      if (files !== undefined) unpacked.set(item, files);
    };
    return decompressParts(
      share.map(({ archive }) => archive.data),
      extract,
      stopped,
    );
  };
  const count = availableParallelism();
  await mapParallel(shares(items, count), extractShare, count, signal);
  return items.flatMap((item) => unpacked.get(item) ?? []);
}

/** Packages in shares of about the same size. */
function shares(items: readonly PackageFile[], count: number): PackageFile[][] {
  const shares = Array.from({ length: count }, () => ({ size: 0, items: [] as PackageFile[] }));
  for (const item of [...items].sort((a, b) => b.archive.data.size - a.archive.data.size)) {
    const smallest = shares.reduce((least, share) => (share.size < least.size ? share : least));
    smallest.size += item.archive.data.size;
    smallest.items.push(item);
  }
  return shares.map((share) => share.items).filter((share) => share.length > 0);
}

async function extractPackage(
  item: PackageFile,
  bytes: AsyncIterable<Buffer>,
  write: (path: string, member: TarEntry) => Promise<void>,
  { documentation }: ExtractOptions,
): Promise<UnpackedPackage | undefined> {
  const paths: string[] = [];
  const owned: OwnedMember[] = [];
  try {
    for await (const member of readTar(bytes)) {
      const path = memberPath(member.path);
      const isLeftOut = !documentation && isDocumentation(path);
      if (isLeftOut && !isChangelog(path)) continue;
      await write(path, {
        ...member,
        linkTarget: member.type === 'hardlink' ? memberPath(member.linkTarget) : member.linkTarget,
      });
      if (isLeftOut) continue;
      paths.push(member.type === 'directory' && !path.endsWith('/') ? `${path}/` : path);
      const { user, group } = member.owner;
      if (isForeign(user) || isForeign(group)) owned.push({ path, user, group });
    }
    return { item, paths, owned };
  } catch (error) {
    if (error instanceof NeedsTarget) return undefined;
    if (error instanceof CosaError && error.code === 'TAR_NAME_ENCODING') {
      const name = error.cause instanceof Uint8Array ? memberPath(escapedName(error.cause)) : 'a file';
      throw nameNotUtf8(name, `the package ${item.locked.name} brings it`);
    }
    throw error;
  }
}

/** The absolute path that a member of an archive stands for, however the archive spells it: `./usr/`, `usr/`, `/usr/`. */
function memberPath(name: string): string {
  return posix.join('/', name);
}

/** root has the number 0 everywhere. */
function isForeign(name: string): boolean {
  return name !== '' && name !== 'root';
}
