import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../lib/errors.ts';

/** A line of passwd(5) or group(5). */
export interface Account {
  name: string;
  /** uid and gid of a user; gid of a group. */
  ids: readonly number[];
}

export type AccountKind = 'user' | 'group';

/** The accounts in the text of a passwd or group file, in its order. Lines of another form are left out, as by libc. */
export function parseAccounts(text: string, kind: AccountKind): Account[] {
  const accounts: Account[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(':');
    const [name = ''] = fields;
    const numbers = kind === 'user' ? fields.slice(2, 4) : fields.slice(2, 3);
    if (name === '' || numbers.length === 0 || !numbers.every((field) => /^\d+$/.test(field))) continue;
    accounts.push({ name, ids: numbers.map(Number) });
  }
  return accounts;
}

/** Names by number. */
export interface AccountNames {
  users: ReadonlyMap<number, string>;
  groups: ReadonlyMap<number, string>;
}

/** The names of a root's users and groups, from the files that its C library reads. */
export async function accountNames(root: string): Promise<AccountNames> {
  return {
    users: byNumber(await readAccounts(root, 'passwd', 'user')),
    groups: byNumber(await readAccounts(root, 'group', 'group')),
  };
}

/** In /etc, and in /usr/lib where nss-altfiles reads it. */
async function readAccounts(root: string, file: string, kind: AccountKind): Promise<Account[]> {
  const texts = await Promise.all(
    ['etc', 'usr/lib'].map(async (directory) => readFile(join(root, directory, file), 'utf8').catch(missingIsEmpty)),
  );
  return texts.flatMap((text) => parseAccounts(text, kind));
}

function missingIsEmpty(error: unknown): string {
  if (isSystemError(error, 'ENOENT')) return '';
  throw error;
}

function byNumber(accounts: readonly Account[]): Map<number, string> {
  const names = new Map<number, string>();
  for (const { name, ids } of accounts) {
    const [id] = ids;
    // The first name of a number is the one that the C library gives.
    if (id !== undefined && !names.has(id)) names.set(id, name);
  }
  return names;
}
