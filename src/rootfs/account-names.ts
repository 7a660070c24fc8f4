import { type Account, type AccountKind, parseAccounts } from '../lib/accounts.ts';
import { readTextInRootIfExists } from '../lib/root-files.ts';

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
    ['/etc', '/usr/lib'].map((directory) => readTextInRootIfExists(root, `${directory}/${file}`)),
  );
  return texts.flatMap((text = '') => parseAccounts(text, kind));
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
