/** An entry of a changelog. */
export interface ChangelogEntry {
  version: string;
  author: string;
  /** Seconds since the epoch. */
  time: number;
  /** Lines without their indentation; those that begin an item have `* ` before them. */
  lines: readonly string[];
}

/**
 * Reads entries of a Debian changelog, newest first; what does not look like one is passed over.
 * @param most how many are read
 * @see https://manpages.debian.org/deb-changelog.5
 */
export function parseChangelog(text: string, most: number): ChangelogEntry[] {
  const entries: ChangelogEntry[] = [];
  let begun: { version: string; lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    if (entries.length >= most) break;
    const [, version] = /^\S+ \(([^)]+)\) /.exec(line) ?? [];
    if (version !== undefined) {
      begun = { version, lines: [] };
      continue;
    }
    const [, author, date] = /^ -- (.+?) {1,2}((?:\w{3}, +)?\d.*)$/.exec(line) ?? [];
    if (author !== undefined && date !== undefined && begun !== undefined) {
      const time = Date.parse(date) / 1000;
      if (Number.isFinite(time)) entries.push({ ...begun, author, time });
      begun = undefined;
    } else if (line.trim() !== '') begun?.lines.push(line.trim());
  }
  return entries;
}

/** The entries as a spec's `%changelog` has them. rpm wants them in the order of their times, and no macros in them. */
export function specChangelog(entries: readonly ChangelogEntry[]): string[] {
  let last = Number.POSITIVE_INFINITY;
  return entries.flatMap(({ version, author, time, lines }) => {
    if (time > last) return [];
    last = time;
    const [day = '', date = '', month = '', year = '', clock = ''] = new Date(time * 1000).toUTCString().split(' ');
    const head = `* ${day.replace(',', '')} ${month} ${date} ${clock} UTC ${year} ${author} - ${version}`;
    const items = lines.map((line) => (line.startsWith('* ') ? `- ${line.slice(2)}` : `  ${line}`));
    return [head, ...items].map((line) => line.replaceAll('%', '%%'));
  });
}
