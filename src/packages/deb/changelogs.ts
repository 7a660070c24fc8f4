import { constants, gunzipSync } from 'node:zlib';
import { type ChangelogEntry, type Changelogs, keptEntries } from '../../contract/changelogs.ts';
import { readBytesInRootIfExists, readTextInRootIfExists, removeInRoot, replaceInRoot } from '../../lib/root-files.ts';
import { installedDatabase } from './database.ts';
import { changelogNames } from './documentation.ts';
import type { PackageFile } from './package-file.ts';

/** Our own file in the database of a root that is being installed. */
const changelogsFile = `${installedDatabase}/changelogs`;

/** Bytes that are read of a compressed changelog: its newest entries stand first. */
const readBytes = 256 << 10;
const mostText = 64 << 20;

/**
 * Keeps the newest entries of the packages' changelogs beside the database, for {@link debChangelogs}, and takes the changelogs
 * out of a root that is to have no documentation.
 */
export async function keepChangelogs(
  root: string,
  packages: readonly PackageFile[],
  { documentation }: { documentation: boolean },
): Promise<void> {
  const kept = new Map<string, ChangelogEntry[]>();
  for (const { locked } of packages) {
    if (kept.has(locked.source)) continue;
    const entries = parseDebianChangelog(await changelogText(root, locked.name));
    if (entries.length > 0) kept.set(locked.source, keptEntries(entries));
  }
  await replaceInRoot(root, changelogsFile, JSON.stringify([...kept]));
  if (documentation) return;
  for (const { locked } of packages) {
    for (const name of changelogNames) await removeInRoot(root, `/usr/share/doc/${locked.name}/${name}`);
  }
}

/** What {@link keepChangelogs} kept; nothing once the root is final. */
export async function debChangelogs(root: string): Promise<Changelogs> {
  const text = (await readTextInRootIfExists(root, changelogsFile)) ?? '[]';
  return new Map(JSON.parse(text) as [string, ChangelogEntry[]][]);
}

/** The first of the names counts: a package with an upstream has two. */
async function changelogText(root: string, name: string): Promise<string> {
  for (const file of changelogNames) {
    const bytes = await readBytesInRootIfExists(root, `/usr/share/doc/${name}/${file}`);
    if (bytes !== undefined) return decompressBeginning(bytes);
  }
  return '';
}

function decompressBeginning(bytes: Buffer): string {
  // What is cut off is no error then.
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: mostText };
  try {
    return gunzipSync(bytes.subarray(0, readBytes), options).toString('utf8');
  } catch {
    // A damaged changelog damages no system.
    return '';
  }
}

/**
 * The entries of a changelog, as far as it is one.
 * @see https://manpages.debian.org/deb-changelog.5
 */
export function parseDebianChangelog(text: string): ChangelogEntry[] {
  const entries: ChangelogEntry[] = [];
  let version: string | undefined;
  let body: string[] = [];
  for (const line of text.split('\n')) {
    const heading = /^[a-z0-9][a-z0-9+.-]* \(([^()\s]+)\)/i.exec(line);
    const end = /^ -- (.*?) {1,2}([A-Z][a-z]{2}, .*)$/.exec(line);
    if (heading !== null) {
      version = heading[1];
      body = [];
    } else if (end !== null && version !== undefined) {
      const [, author = '', date = ''] = end;
      const seconds = Math.floor(Date.parse(date) / 1000);
      entries.push({ version, author, date: Math.max(0, seconds || 0), text: withoutMargin(body) });
      version = undefined;
    } else if (version !== undefined) {
      body.push(line.trimEnd());
    }
  }
  return entries;
}

function withoutMargin(lines: readonly string[]): string {
  return lines
    .map((line) => line.replace(/^ {2}/, ''))
    .join('\n')
    .trim();
}
