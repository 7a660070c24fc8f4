import type { LintedContainer } from '../container.ts';
import { etcOf } from '../etc.ts';
import type { Rule } from '../rule.ts';
import { sysusers, tmpfilesLines } from '../systemd-files.ts';

/** Types that make nothing. */
const makingNothing = new Set(['x', 'X', 'r', 'R', 'z', 'Z', 't', 'T', 'h', 'H', 'a', 'A', 'e']);

/** What an update brings to a machine whose /etc and /var are its own. */
export const accountRules: readonly Rule[] = [
  {
    name: 'sysusers',
    level: 'warning',
    source: 'bootc',
    claim: 'each account of the container is made by sysusers.d, too',
    advice:
      'write a line for each into /usr/lib/sysusers.d: /etc/passwd of a machine is its own, and an update does not change it',
    check: (container) => {
      const made = sysusers(container);
      const missing = (file: string, kind: string, known: ReadonlySet<string>) =>
        accountNames(container, file).flatMap((name) => (known.has(name) ? [] : [`${kind} ${name}`]));
      return [...missing('passwd', 'user', made.users), ...missing('group', 'group', made.groups)];
    },
  },
  {
    name: 'var-tmpfiles',
    level: 'warning',
    source: 'bootc',
    claim: 'what is in /var is made by tmpfiles.d, too',
    advice: 'write a line for each into /usr/lib/tmpfiles.d: /var of the container counts for new machines alone',
    check: (container) => {
      const made = tmpfilesLines(container).filter(({ type }) => !makingNothing.has(type));
      const paths = new Set(made.flatMap(({ path }) => prefixes(path)));
      const isCopied = belowAny(made.flatMap(({ type, path }) => (type === 'C' ? [path] : [])));
      return [...container.walk('var')].flatMap(([path, { type }]) => {
        if (isCopied(path) || paths.has(path)) return [];
        return [type === 'directory' || type === 'symlink' ? `/${path}` : `/${path} (a ${type})`];
      });
    },
  },
  {
    name: 'etc-uid-drift',
    level: 'warning',
    source: 'bootc',
    claim: 'what is not of root in /etc belongs to numbers that are the same everywhere',
    advice: 'give the account a number in sysusers.d, or write a line of type z into tmpfiles.d',
    check: (container) => {
      const { uids, gids } = sysusers(container);
      const isOwned = ownedBy(tmpfilesLines(container));
      const etc = etcOf(container);
      return [...container.walk(etc)].flatMap(([path, { type, uid, gid }]) => {
        const shown = `etc${path.slice(etc.length)}`;
        const isFixed = (uid === 0 || uids.has(uid)) && (gid === 0 || gids.has(gid));
        // Asked for each: it remembers directories.
        if (isOwned(shown) || type === 'symlink' || isFixed) return [];
        return [`/${shown} belongs to ${uid}:${gid}`];
      });
    },
  },
];

/** The names in a file of accounts, of the container's /etc. */
function accountNames(container: LintedContainer, file: string): string[] {
  const text = container.text(`${etcOf(container)}/${file}`) ?? '';
  return text.split('\n').flatMap((line) => (line.includes(':') ? [line.slice(0, line.indexOf(':'))] : []));
}

/** A path and all directories above it: who makes a file makes those. */
function prefixes(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Whether a path is one of these or below one. Must be asked for directories before what is in them. */
function belowAny(tops: readonly string[]): (path: string) => boolean {
  const inside = new Set(tops);
  return (path) => {
    if (inside.has(path)) return true;
    if (!inside.has(path.slice(0, path.lastIndexOf('/')))) return false;
    inside.add(path);
    return true;
  };
}

/** More patterns than anybody has; each costs time for each file. */
const maximumPatterns = 100;

/** Whether a tmpfiles.d line sets a path's owner. Must be asked for directories before what is in them. */
function ownedBy(tmpfiles: readonly { type: string; path: string }[]): (path: string) => boolean {
  const isBelow = belowAny(tmpfiles.flatMap(({ type, path }) => (type === 'Z' ? [path] : [])));
  const exact = new Set(tmpfiles.flatMap(({ type, path }) => (type === 'z' ? [path] : [])));
  const patterns = tmpfiles
    .filter(({ type, path }) => (type === 'z' || type === 'Z') && /[*?]/.test(path))
    .slice(0, maximumPatterns)
    .flatMap(({ type, path }) => globPattern(path, type === 'Z') ?? []);
  return (path) => isBelow(path) || exact.has(path) || patterns.some((pattern) => pattern.test(path));
}

/** Wildcards that follow on each other closely would let a search take for ever: three are all that anybody needs. */
const maximumWildcards = 3;

function globPattern(glob: string, isRecursive: boolean): RegExp | undefined {
  const parts = glob.split(/(\*+|\?)/);
  if (parts.filter((part) => part.startsWith('*')).length > maximumWildcards) return undefined;
  const text = parts.map((part) => {
    if (part.startsWith('*')) return '[^/]*';
    return part === '?' ? '[^/]' : part.replaceAll(/[^a-zA-Z0-9/]/g, '\\$&');
  });
  return new RegExp(`^${text.join('')}${isRecursive ? '(?:/|$)' : '$'}`);
}
