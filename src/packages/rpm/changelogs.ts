import { type ChangelogEntry, type Changelogs, keptEntries } from '../../contract/changelogs.ts';
import { compareBytes } from '../../lib/order.ts';
import { readDatabase } from './database.ts';
import { tag } from './header/tags.ts';
import type { HeaderValues } from './header/values.ts';
import { sourceName } from './header.ts';

/**
 * The newest entries of the changelogs in a root's database, by source package: of its packages, the first by name tells.
 * @throws CosaError `PACKAGE_DATABASE_MISSING`
 */
export async function rpmChangelogs(root: string): Promise<Changelogs> {
  const headers = (await readDatabase(root)).map(({ header }) => header);
  const changelogs = new Map<string, ChangelogEntry[]>();
  for (const header of headers.sort((a, b) => compareBytes(a.name, b.name))) {
    const source = sourceName(header);
    const entries = changelogs.has(source) ? [] : changelogEntries(header.values);
    if (entries.length > 0) changelogs.set(source, entries);
  }
  return changelogs;
}

/**
 * The newest entries of a package's changelog, from its header.
 * @throws InvalidHeaderError
 */
export function changelogEntries(values: HeaderValues): ChangelogEntry[] {
  // Old entries are in whatever encoding their time had: what cannot be read is replaced.
  const names = values.byteTexts(tag.changelogNames).map(String);
  const texts = values.byteTexts(tag.changelogTexts).map(String);
  const entries = values
    .numbers(tag.changelogTimes)
    .map((date, index) => ({ date, ...titleOf(names[index] ?? ''), text: (texts[index] ?? '').trim() }));
  return keptEntries(entries);
}

/** A name, an address and, by custom, the version: `Jane Doe <jane@example.com> - 1:2.0-3`. */
function titleOf(name: string): Pick<ChangelogEntry, 'author' | 'version'> {
  const [, author, version] = /^(.*\S)\s+(?:-\s*)?((?:\d+:)?\d\S*)$/s.exec(name) ?? [];
  if (author === undefined || version === undefined) return { author: name.trim(), version: '' };
  return { author: author.replace(/\s*-$/, ''), version };
}
