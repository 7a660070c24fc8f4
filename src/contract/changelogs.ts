import { z } from 'zod';
import { canonicalJson } from '../lib/canonical-json.ts';

/** What a container's packages say of their latest changes: a document beside the container. */
export const changelogsMediaType = 'application/vnd.coreos-assembler.changelogs.v1+json';

/** Entries kept of a source package: more than a stream's updates are apart, and no history. */
const mostEntries = 12;
/** Characters kept of an entry: of a kernel's, the beginning. */
const mostCharacters = 2000;
/** Bytes of a document that is read: some twenty times that of a large system. */
export const mostChangelogBytes = 16 << 20;

const entrySchema = z.object({
  /** The source package's, as the entry has it; empty where it has none. */
  version: z.string(),
  /** Who made it, with an address. */
  author: z.string(),
  /** Seconds since the epoch. */
  date: z.int().nonnegative(),
  text: z.string(),
});

export type ChangelogEntry = z.output<typeof entrySchema>;

/** Entries by source package, the newest first. */
export const changelogsSchema = z.object({
  sources: z.record(z.string(), z.array(entrySchema)),
});

export type Changelogs = ReadonlyMap<string, readonly ChangelogEntry[]>;

/** What is kept of a source package's entries, which are the newest first. */
export function keptEntries(entries: readonly ChangelogEntry[]): ChangelogEntry[] {
  return entries.slice(0, mostEntries).map(({ text, ...entry }) => ({ ...entry, text: beginning(text) }));
}

function beginning(text: string): string {
  const characters = [...text];
  return characters.length <= mostCharacters ? text : `${characters.slice(0, mostCharacters).join('')}…`;
}

/** The document's bytes: the same changelogs give the same. */
export function changelogsText(changelogs: Changelogs): string {
  const sources = Object.fromEntries([...changelogs].map(([name, entries]) => [name, [...entries]]));
  return canonicalJson({ sources });
}
