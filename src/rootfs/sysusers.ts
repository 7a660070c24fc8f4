import { posix } from 'node:path';

/** A line of passwd(5). */
export interface UserLine {
  name: string;
  uid: number;
  gid: number;
  comment: string;
  home: string;
  shell: string;
}

/** A line of group(5). */
export interface GroupLine {
  name: string;
  gid: number;
  members: readonly string[];
}

export function parseUsers(text: string): UserLine[] {
  return fieldsOf(text).flatMap(([name = '', , uid, gid, comment = '', home = '', shell = '']) =>
    isNumber(uid) && isNumber(gid) && name !== ''
      ? [{ name, uid: Number(uid), gid: Number(gid), comment, home, shell }]
      : [],
  );
}

export function parseGroups(text: string): GroupLine[] {
  return fieldsOf(text).flatMap(([name = '', , gid, members = '']) =>
    isNumber(gid) && name !== ''
      ? [{ name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') }]
      : [],
  );
}

function fieldsOf(text: string): string[][] {
  return text.split('\n').map((line) => line.split(':'));
}

function isNumber(field: string | undefined): field is string {
  return field !== undefined && /^\d{1,10}$/.test(field);
}

/**
 * System accounts: those that packages make, with the numbers that Debian's policy sets aside for them. root and
 * nobody are on every machine, and everything else is people's.
 * https://www.debian.org/doc/debian-policy/ch-opersys.html#uid-and-gid-classes
 */
function isSystemNumber(number: number): boolean {
  return (number > 0 && number < 1000) || (number >= 60_000 && number < 65_000);
}

export interface SysusersFile {
  /** The text of a sysusers.d file; empty if there is nothing to say. */
  text: string;
  /** Accounts whose names systemd-sysusers does not take. */
  refused: readonly string[];
}

/**
 * All system accounts of a root as a file of sysusers.d(5), with their numbers. A machine that is updated keeps its own
 * /etc/passwd: there systemd-sysusers adds what it lacks.
 * https://www.freedesktop.org/software/systemd/man/latest/sysusers.d.html
 */
export function formatSysusers(users: readonly UserLine[], groups: readonly GroupLine[]): SysusersFile {
  const refused = new Set<string>();
  const taken = <T extends { name: string }>(accounts: readonly T[], number: (account: T) => number): T[] => {
    const seen = new Set<string>();
    return accounts.filter((account) => {
      if (!isSystemNumber(number(account)) || seen.has(account.name)) return false;
      seen.add(account.name);
      if (!isTaken(account.name)) refused.add(account.name);
      return isTaken(account.name);
    });
  };
  const ours = taken(groups, ({ gid }) => gid);
  const people = taken(users, ({ uid }) => uid);
  const names = new Set([...people.map(({ name }) => name), 'root']);
  const lines = [
    ...ours.map(({ name, gid }) => `g ${name} ${gid}`),
    ...people.map(userLine),
    ...ours.flatMap(({ name, members }) =>
      members.filter((member) => names.has(member)).map((member) => `m ${member} ${name}`),
    ),
  ];
  return { text: lines.map((line) => `${line}\n`).join(''), refused: [...refused] };
}

/** As systemd's strict rule has it, for names that we would write: a line with another one is an error of the file. */
function isTaken(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,30}$/.test(name);
}

function userLine({ name, uid, gid, comment, home, shell }: UserLine): string {
  return `u ${name} ${uid}:${gid} ${commentField(comment)} ${pathField(home)} ${pathField(shell)}`;
}

/** Fields are split as by a shell, and a % begins a specifier. */
function quoted(text: string): string {
  return `"${text.replaceAll('%', '%%').replace(/["\\]/g, '\\$&')}"`;
}

/** systemd refuses a line that has one. */
function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function commentField(text: string): string {
  return text === '' || hasControlCharacter(text) ? '-' : quoted(text);
}

function pathField(text: string): string {
  const path = text.replace(/(?!^)\/+$/, '');
  if (!path.startsWith('/') || path === '/' || posix.normalize(path) !== path || hasControlCharacter(path)) return '-';
  return /^[\w./+-]+$/.test(path) ? path : quoted(path);
}
