import { createReadStream } from 'node:fs';
import { copyFile, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedPackageName } from '../cached-package.ts';
import { decompressParts } from '../decompress-parts.ts';
import { memberHeader, memberHeaderBytes } from './archive.ts';
import type { PackageFile } from './package-file.ts';

/**
 * Writes packages anew, with their files uncompressed: dpkg decompresses one package after the other, and does nothing
 * else meanwhile. One that is compressed in a way that dpkg alone knows stays as it is.
 * @param directory gets the files, under the names that they have in the cache
 * @throws CosaError what `decompressParts` throws; the signal's reason
 * @see https://manpages.debian.org/deb.5
 */
export async function expandPackages(
  packages: readonly PackageFile[],
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const isKnown = ({ archive }: PackageFile) => archive.data.compression !== 'other';
  const fileOf = ({ locked }: PackageFile) => join(directory, cachedPackageName(locked, 'deb'));
  for (const item of packages) if (!isKnown(item)) await copyFile(item.archive.data.file, fileOf(item));
  const known = packages.filter(isKnown);
  const expand = async (index: number, content: AsyncIterable<Buffer>) => {
    const item = known[index] as PackageFile;
    const { file: from, offset } = item.archive.data;
    const file = fileOf(item);
    await using handle = await open(file, 'wx');
    // Before the files stand the format's version and the control files; what stands behind them, dpkg does not read.
    const end = offset - memberHeaderBytes - 1;
    await writeFile(handle, createReadStream(from, { end }));
    await handle.writeFile(memberHeader('data.tar', 0), 'latin1');
    let size = 0;
    for await (const chunk of content) {
      // At once: the chunk's memory is used again for the next one.
      await handle.writeFile(chunk);
      size += chunk.length;
    }
    await handle.write(memberHeader('data.tar', size), end + 1, 'latin1');
  };
  await decompressParts(
    known.map(({ archive }) => archive.data),
    expand,
    signal,
  );
}
