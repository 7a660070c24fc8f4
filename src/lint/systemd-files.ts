import type { LintedContainer } from './container.ts';

/** A line's words: separated by blanks, with quotes as systemd has them. */
function words(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
}

/** The lines of all files of a kind, as words: https://www.freedesktop.org/software/systemd/man/tmpfiles.d.html */
function linesOf(container: LintedContainer, directory: string): string[][] {
  return container
    .names(directory)
    .flatMap((name) => (container.text(`${directory}/${name}`) ?? '').split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(words);
}

interface TmpfilesLine {
  /** The letter, without its modifiers. */
  type: string;
  /** Without a slash in front or at the end. */
  path: string;
}

export function tmpfilesLines(container: LintedContainer): TmpfilesLine[] {
  return linesOf(container, 'usr/lib/tmpfiles.d').flatMap(([type = '', path = '']) => {
    return path.startsWith('/') ? [{ type: type.charAt(0), path: path.replaceAll(/^\/+|\/+$/g, '') }] : [];
  });
}

/** What sysusers.d makes: https://www.freedesktop.org/software/systemd/man/sysusers.d.html */
export interface Sysusers {
  users: ReadonlySet<string>;
  /** Each user's group of the same name is among them. */
  groups: ReadonlySet<string>;
  /** Numbers that are the same on each machine. */
  uids: ReadonlySet<number>;
  gids: ReadonlySet<number>;
}

export function sysusers(container: LintedContainer): Sysusers {
  const users = new Set<string>();
  const groups = new Set<string>();
  const uids = new Set<number>();
  const gids = new Set<number>();
  for (const [type = '', name = '', id = ''] of linesOf(container, 'usr/lib/sysusers.d')) {
    const [first = '', second = first] = id.split(':');
    const number = (text: string) => (/^\d+$/.test(text) ? [Number(text)] : []);
    if (type.startsWith('u')) {
      users.add(name);
      groups.add(name);
      for (const uid of number(first)) uids.add(uid);
      for (const gid of number(second)) gids.add(gid);
    } else if (type === 'g') {
      groups.add(name);
      for (const gid of number(first)) gids.add(gid);
    }
  }
  return { users, groups, uids, gids };
}
