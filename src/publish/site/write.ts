import { lstat, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { withLock } from '../../exec/lock.ts';
import { openScratch } from '../../exec/scratch.ts';
import { prettyJson } from '../../lib/canonical-json.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { faultText, parseDocument } from '../../lib/document.ts';
import { isSystemError, usageError } from '../../lib/errors.ts';
import { fsyncPath, writeFileAtomic } from '../../lib/files.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { sortByBytes } from '../../lib/order.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import type { SiteDocument } from './site.ts';

/** The file in which a site keeps the paths of its own files: no others are ever replaced or removed. */
const markerName = '.cosa-site.json';

/** Bytes: a hundred thousand pages. */
const maximumMarkerBytes = 16 * 1024 * 1024;

/** As `names.ts` and `site.ts` make them: a file, or one in a directory. */
const sitePath = /^(?:(?:builds|streams)\/)?[A-Za-z0-9][A-Za-z0-9._~-]{0,199}$/;

const markerSchema = z.object({ files: z.array(z.string().regex(sitePath, 'expected the path of a page')) });

export interface WrittenSite {
  /** Files that were made or have changed, those that were right already, and those that were removed. */
  written: number;
  unchanged: number;
  removed: number;
}

/**
 * Writes a site into a directory, in which other files may lie. Each file is replaced as a whole, and only where it has changed:
 * what a page links to comes before the page, and what is not needed any more goes at the end. A run that was killed leaves pages
 * of which each is whole; the next run completes them.
 * @param directory made if missing
 * @throws CosaError `SITE_FILE_FOREIGN` before anything is written, if a file is in the way that no site has written,
 *   `SITE_MARKER_INVALID`, `DIRECTORY_UNUSABLE` (exit 2); the signal's reason
 */
export async function writeSite(
  directory: string,
  documents: ReadonlyMap<string, SiteDocument>,
  signal: AbortSignal,
): Promise<WrittenSite> {
  await makeDirectory(directory);
  return withLock(directory, async () => {
    const own = await readMarker(directory);
    await refuseForeign(directory, documents, own);
    // What is about to be written is ours from here on, however this run ends.
    await writeMarker(directory, new Set([...own, ...documents.keys()]));
    const counts = await writeDocuments(directory, documents, signal);
    const gone = [...own].filter((path) => !documents.has(path));
    for (const path of gone) await rm(join(directory, path), { force: true });
    for (const folder of new Set(gone.map(dirname))) await removeIfEmpty(directory, folder);
    await writeMarker(directory, documents.keys());
    return { ...counts, removed: gone.length };
  });
}

async function writeDocuments(
  directory: string,
  documents: ReadonlyMap<string, SiteDocument>,
  signal: AbortSignal,
): Promise<Omit<WrittenSite, 'removed'>> {
  let written = 0;
  let unchanged = 0;
  const folders = new Set<string>(['.']);
  await using scratch = await openScratch(directory);
  for (const [path, document] of documents) {
    signal.throwIfAborted();
    const bytes = Buffer.from(document.text());
    const target = join(directory, path);
    if (await holds(target, bytes)) {
      unchanged++;
      continue;
    }
    const folder = dirname(path);
    if (!folders.has(folder)) await makeDirectory(join(directory, folder));
    folders.add(folder);
    const temporary = join(scratch.path, 'page');
    await writeFile(temporary, bytes, { mode: 0o644 });
    await rename(temporary, target);
    written++;
  }
  for (const folder of folders) await fsyncPath(join(directory, folder));
  return { written, unchanged };
}

async function holds(path: string, bytes: Buffer): Promise<boolean> {
  const stats = await ifExists(lstat(path));
  if (stats === undefined || !stats.isFile() || stats.size !== bytes.length) return false;
  return bytes.equals(await readFile(path));
}

/** A link in a folder's place would lead the pages, and what is removed, elsewhere. */
async function refuseForeign(
  directory: string,
  documents: ReadonlyMap<string, unknown>,
  own: ReadonlySet<string>,
): Promise<void> {
  const folders = new Set([...documents.keys(), ...own].map(dirname).filter((folder) => folder !== '.'));
  for (const folder of folders) {
    const stats = await ifExists(lstat(join(directory, folder)));
    if (stats !== undefined && !stats.isDirectory()) throw foreign(directory, folder);
  }
  for (const path of documents.keys()) {
    if (!own.has(path) && (await ifExists(lstat(join(directory, path)))) !== undefined) throw foreign(directory, path);
  }
}

function foreign(directory: string, path: string) {
  return usageError('SITE_FILE_FOREIGN', `${join(directory, path)} is there, and is none of the site's files`, {
    hint: 'name another directory for the site, or move the file away',
  });
}

async function readMarker(directory: string): Promise<Set<string>> {
  const file = join(directory, markerName);
  const text = await readTextIfExists(file, maximumMarkerBytes);
  if (text === undefined) return new Set();
  const { files } = parseDocument(markerSchema, text, (fault) =>
    usageError('SITE_MARKER_INVALID', `${markerName} does not list the files of a site: ${faultText(fault, 'it ')}`, {
      where: { file, ...fault.position },
      hint: 'name another directory for the site, or remove all of this one',
      cause: fault.cause,
    }),
  );
  return new Set(files);
}

async function writeMarker(directory: string, paths: Iterable<string>): Promise<void> {
  await writeFileAtomic(join(directory, markerName), prettyJson({ files: sortByBytes(paths) }));
}

async function removeIfEmpty(directory: string, folder: string): Promise<void> {
  if (folder === '.') return;
  try {
    await rmdir(join(directory, folder));
  } catch (error) {
    if (!isSystemError(error, 'ENOTEMPTY') && !isSystemError(error, 'ENOENT')) throw error;
  }
}
