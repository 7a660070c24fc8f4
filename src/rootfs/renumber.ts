import type { Account, AccountKind } from '../lib/accounts.ts';
import { CosaError } from '../lib/errors.ts';

/**
 * The numbers that a system account may get: those that adduser and systemd-sysusers choose from. Below are the
 * distribution's fixed ones, above are people's.
 * https://www.debian.org/doc/debian-policy/ch-opersys.html#uid-and-gid-classes
 */
const systemNumbers = { first: 100, last: 999 } as const;

export interface ExpectedAccounts {
  accounts: readonly Account[];
  /** Where the expectation comes from, for errors. */
  origin: string;
  /** Names that may be missing; `*` for all. */
  ignoreRemoved: readonly string[];
  /** Those that are missing are brought, with their numbers: nobody else may have these. */
  bringsMissing: boolean;
}

/**
 * Which numbers must change so that every account has the one that is expected of it, and no two share one
 * that did not before. Accounts of which nothing is expected move only out of the way.
 * @returns new number by old; empty if all is as it should be
 * @throws CosaError `ACCOUNT_REMOVED` if an expected account is missing, `ACCOUNT_NUMBER_SHARED` if two
 *   accounts with one number are expected to have different ones, `ACCOUNT_NUMBERS_EXHAUSTED`
 */
export function planRenumbering(
  kind: AccountKind,
  present: readonly Account[],
  expected: ExpectedAccounts,
): Map<number, number> {
  if (!expected.bringsMissing) requireNoneRemoved(kind, present, expected);
  const numbers = new Map(expected.accounts.map((account) => [account.name, numberOf(account)]));
  const changes = new Map<number, number>();
  const settled = new Set<number>(expected.bringsMissing ? numbers.values() : []);
  for (const account of present) {
    const number = numbers.get(account.name);
    if (number === undefined) continue;
    assign(kind, changes, account, number, expected.origin);
    settled.add(number);
  }
  const taken = new Set([...numbers.values(), ...present.map(numberOf)]);
  for (const account of present) {
    const old = numberOf(account);
    if (changes.has(old)) continue;
    changes.set(old, settled.has(old) ? freeNumber(kind, account, taken) : old);
  }
  return new Map([...changes].filter(([old, number]) => old !== number));
}

function requireNoneRemoved(kind: AccountKind, present: readonly Account[], expected: ExpectedAccounts): void {
  if (expected.ignoreRemoved.includes('*')) return;
  const names = new Set([...present.map(({ name }) => name), ...expected.ignoreRemoved]);
  const removed = expected.accounts.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  if (removed.length === 0) return;
  const key = kind === 'user' ? 'ignore-removed-users' : 'ignore-removed-groups';
  const plural = removed.length > 1;
  const message = `the ${kind}${plural ? 's' : ''} ${removed.join(', ')} of ${expected.origin} ${plural ? 'are' : 'is'} gone`;
  throw new CosaError('ACCOUNT_REMOVED', message, {
    hint: `files on running machines may belong to ${plural ? 'them' : 'it'}: if that is meant, name ${plural ? 'them' : 'it'} in ${key}`,
  });
}

function assign(
  kind: AccountKind,
  changes: Map<number, number>,
  account: Account,
  number: number,
  origin: string,
): void {
  const old = numberOf(account);
  const other = changes.get(old);
  if (other !== undefined && other !== number) {
    const message = `two ${kind}s share the number ${old}, but ${origin} expects ${other} and ${number} of them`;
    throw new CosaError('ACCOUNT_NUMBER_SHARED', message, { hint: `give ${account.name} its own number in ${origin}` });
  }
  changes.set(old, number);
}

/**
 * A system account gets one from the end of the range downwards: adduser counts up, so that a later package seldom meets
 * it. Anybody else goes on among people.
 */
function freeNumber(kind: AccountKind, account: Account, taken: Set<number>): number {
  const isSystem = numberOf(account) <= systemNumbers.last;
  const [begin, end, step] = isSystem ? [systemNumbers.last, systemNumbers.first, -1] : [1000, 59_999, 1];
  for (let number: number = begin; number !== end + step; number += step) {
    if (taken.has(number)) continue;
    taken.add(number);
    return number;
  }
  const range = `${Math.min(begin, end)} to ${Math.max(begin, end)}`;
  throw new CosaError('ACCOUNT_NUMBERS_EXHAUSTED', `no number from ${range} is left for the ${kind} ${account.name}`, {
    hint: `name fewer ${kind}s in ${kind === 'user' ? 'check-passwd' : 'check-groups'}, or leave packages out`,
  });
}

function numberOf(account: Account): number {
  return account.ids[0] ?? 0;
}
