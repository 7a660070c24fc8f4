import type { ChangelogEntry, Changelogs } from '../../contract/changelogs.ts';
import type { LockedPackage } from '../../contract/lockfile.ts';
import { sortByBytes } from '../../lib/order.ts';
import type { PackageChange } from './package-changes.ts';

/** What has changed in a source package between two containers. */
export interface SourceChanges {
  source: string;
  /** Its packages that are newer. */
  packages: readonly PackageChange[];
  /** Newest first. */
  entries: readonly ChangelogEntry[];
  /** False if older entries belong here, too, that the container has not kept. */
  complete: boolean;
}

/**
 * The changelog entries that newer packages bring, by source package, whose packages are released together.
 * @param upgraded as `packageChanges` has them
 * @param packages of the newer container
 */
export function changelogChanges(
  upgraded: readonly PackageChange[],
  packages: readonly Pick<LockedPackage, 'name' | 'architecture' | 'source'>[],
  from: Changelogs,
  to: Changelogs,
): SourceChanges[] {
  const sourceOf = new Map(
    packages.flatMap(({ name, architecture, source }) => [
      [name, source] as const,
      [`${name}:${architecture}`, source] as const,
    ]),
  );
  const bySource = new Map<string, PackageChange[]>();
  for (const change of upgraded) {
    const source = sourceOf.get(change.name) ?? change.name;
    bySource.set(source, [...(bySource.get(source) ?? []), change]);
  }
  return sortByBytes(bySource.keys()).map((source) => ({
    source,
    packages: bySource.get(source) ?? [],
    ...newEntries(from.get(source) ?? [], to.get(source) ?? []),
  }));
}

/** What stands above the newest entry that was there before. No order of versions is asked: a source's may be others than its packages'. */
function newEntries(
  before: readonly ChangelogEntry[],
  after: readonly ChangelogEntry[],
): Pick<SourceChanges, 'entries' | 'complete'> {
  const [last] = before;
  if (last === undefined) return { entries: after, complete: false };
  const known = after.findIndex((entry) => isSame(entry, last));
  if (known !== -1) return { entries: after.slice(0, known), complete: true };
  // It was taken back, or is too long ago.
  const newer = after.filter(({ date }) => date > last.date);
  // Where all are younger, others may have been cut off.
  return { entries: newer, complete: newer.length < after.length };
}

function isSame(a: ChangelogEntry, b: ChangelogEntry): boolean {
  return a.date === b.date && a.version === b.version && a.author === b.author;
}
