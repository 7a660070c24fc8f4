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
