import { realpath } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { type ExtractChoice, extractFiles } from '../../exec/tools/dpkg-deb.ts';
import { CosaError } from '../../lib/errors.ts';
import { isMissing } from '../../lib/if-exists.ts';
import { statInRoot } from '../../lib/root-files.ts';
import { resolveDirectoryInRoot } from '../../lib/root-path.ts';
import type { TarEntry } from '../../lib/tar/reader.ts';
import { escapedName, nameNotUtf8 } from '../../lib/utf8-names.ts';
import type { PackageFile } from './package-file.ts';
import type { OwnedMember, UnpackedPackage } from './unpacked.ts';

/** A package that only the target's own dpkg can unpack: a link in the root leads its files somewhere else. */
class NeedsTarget extends Error {}

/** The absolute path that a member of an archive stands for, however the archive spells it: `./usr/`, `usr/`, `/usr/`. */
function memberPath(name: string): string {
  return posix.join('/', name);
}

/**
 * Unpacks a package's files over a root, beside dpkg.
 * @returns `undefined` if that must be left to the target's dpkg, for which the links of the root lead elsewhere than
 *   here; a part of the files may be there then
 * @throws CosaError `NAME_NOT_UTF8`, what `extractFiles` throws
 */
export async function extractPackage(
  item: PackageFile,
  root: string,
  choice: Pick<ExtractChoice, 'exclude' | 'only'>,
  signal: AbortSignal,
): Promise<UnpackedPackage | undefined> {
  const owned: OwnedMember[] = [];
  const leadsOut = escapingDirectories(root);
  const onMember = async (member: TarEntry) => {
    const path = memberPath(member.path);
    if (await leadsOut(posix.dirname(path))) throw new NeedsTarget(path);
    if (member.type === 'hardlink' && (await leadsOut(posix.dirname(memberPath(member.linkTarget))))) {
      throw new NeedsTarget(path);
    }
    const { user, group } = member.owner;
    if (isForeign(user) || isForeign(group)) owned.push({ path, user, group });
  };
  try {
    const names = await extractFiles(item.file, root, { ...choice, onMember }, { signal });
    return { item, paths: names.map(memberPath), owned };
  } catch (error) {
    if (error instanceof NeedsTarget) return undefined;
    if (error instanceof CosaError && error.code === 'TAR_NAME_ENCODING') {
      const name = error.cause instanceof Uint8Array ? memberPath(escapedName(error.cause)) : 'a file';
      throw nameNotUtf8(name, `the package ${item.locked.name} brings it`);
    }
    throw error;
  }
}

/** root has the number 0 everywhere. */
function isForeign(name: string): boolean {
  return name !== '' && name !== 'root';
}

/** Says of directories in a root whether the host's kernel, unlike the target's, would follow a link out of the root. */
function escapingDirectories(root: string): (directory: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>();
  const base = realpath(root);
  async function look(directory: string): Promise<boolean> {
    try {
      const here = await realpath(join(root, directory));
      // Nearly always there is no link on the way.
      if (here === join(await base, directory) || directory === '/') return false;
      return here !== join(await base, await resolveDirectoryInRoot(root, directory)).replace(/\/$/, '');
    } catch (error) {
      if (!isMissing(error)) throw error;
      // A link that leads to nothing here may lead to something there. What is not there yet is made below its parent.
      const isLink = (await statInRoot(root, directory))?.isSymbolicLink() ?? false;
      return isLink || leadsOut(posix.dirname(directory));
    }
  }
  function leadsOut(directory: string): Promise<boolean> {
    const answer = known.get(directory) ?? look(directory);
    known.set(directory, answer);
    return answer;
  }
  return leadsOut;
}
