import { type AccountKind, parseAccounts } from '../../lib/accounts.ts';
import { usageError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { readTextInRoot, readTextInRootIfExists, writeTextInRoot } from '../../lib/root-files.ts';
import { changeOwners } from '../change-owners.ts';
import type { RootContext, RootStep } from '../context.ts';
import { planRenumbering } from '../renumber.ts';
import type { AccountCheck } from '../request.ts';

/**
 * Gives users and groups the numbers that they had before: running machines have them in /etc and on files in
 * /var, while package scripts count from what is free on the day.
 */
export const accountNumbers: RootStep = {
  title: 'keep the numbers of users and groups',
  async run(context) {
    const { root, request } = context;
    const users = await planFor(context, 'user', request.users, request.ignoreRemovedUsers);
    const groups = await planFor(context, 'group', request.groups, request.ignoreRemovedGroups);
    if (users.size > 0 || groups.size > 0) {
      context.reporter.log(`renumbered: ${users.size} users, ${groups.size} groups`);
      await rewriteNumbers(root, '/etc/passwd', [undefined, undefined, users, groups]);
      await rewriteNumbers(root, '/etc/group', [undefined, undefined, groups]);
      await changeOwners(root, users, groups, context.reporter.signal);
    }
    await bringMissing(root, 'user', request.users);
    await bringMissing(root, 'group', request.groups);
  },
};

async function planFor(
  { root }: RootContext,
  kind: AccountKind,
  check: AccountCheck,
  ignoreRemoved: readonly string[],
): Promise<Map<number, number>> {
  if (check.kind === 'none') return new Map();
  const present = parseAccounts(await readTextInRoot(root, files[kind].accounts), kind);
  const accounts =
    check.kind === 'text' ? parseAccounts(check.text, kind) : [...check.ids].map(([name, ids]) => ({ name, ids }));
  const bringsMissing = check.kind === 'text';
  return planRenumbering(kind, present, { accounts, origin: check.origin, ignoreRemoved, bringsMissing });
}

/** Where accounts stand, and where their passwords do; what stands there of one that has none. */
const files = {
  user: { accounts: '/etc/passwd', secrets: '/etc/shadow', locked: ':*::0:99999:7:::' },
  group: { accounts: '/etc/group', secrets: '/etc/gshadow', locked: ':::' },
};

/**
 * Brings the accounts of the config's file that no package makes, as rpm-ostree does, which begins with that file.
 * https://github.com/coreos/rpm-ostree/blob/main/rust/src/passwd.rs
 */
async function bringMissing(root: string, kind: AccountKind, check: AccountCheck): Promise<void> {
  if (check.kind !== 'text') return;
  const { accounts, secrets, locked } = files[kind];
  const present = await readTextInRoot(root, accounts);
  const names = new Set(parseAccounts(present, kind).map(({ name }) => name));
  const missing = parseAccounts(check.text, kind).filter(({ name }) => !names.has(name));
  await append(
    root,
    accounts,
    missing.flatMap(({ name }) => lineOf(check.text, name) ?? []),
  );
  if ((await readTextInRootIfExists(root, secrets)) === undefined) return;
  await append(
    root,
    secrets,
    missing.map(({ name }) => name + locked),
  );
}

async function append(root: string, path: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const text = await readTextInRoot(root, path);
  await writeTextInRoot(root, path, `${text.replace(/\n*$/, '\n')}${[...new Set(lines)].join('\n')}\n`);
}

/** @param maps by field, what its number becomes */
async function rewriteNumbers(
  root: string,
  path: string,
  maps: readonly (ReadonlyMap<number, number> | undefined)[],
): Promise<void> {
  const lines = (await readTextInRoot(root, path)).split('\n').map((line) =>
    line
      .split(':')
      .map((field, index) => {
        const changed = /^\d+$/.test(field) ? maps[index]?.get(Number(field)) : undefined;
        return changed === undefined ? field : String(changed);
      })
      .join(':'),
  );
  await writeTextInRoot(root, path, lines.join('\n'));
}

/**
 * Brings groups that people are added to into /etc/group, where a system that keeps its own groups in
 * /usr/lib/group (nss-altfiles) would not have them.
 */
export const etcGroupMembers: RootStep = {
  title: 'bring groups to /etc/group',
  async run({ root, request }) {
    if (request.etcGroupMembers.length === 0) return;
    const inEtc = (await readTextInRootIfExists(root, '/etc/group')) ?? '';
    const inUsr = (await readTextInRootIfExists(root, '/usr/lib/group')) ?? '';
    const added = request.etcGroupMembers
      .filter((name) => lineOf(inEtc, name) === undefined)
      .map((name) => lineOf(inUsr, name) ?? unknownGroup(name, `${inEtc}\n${inUsr}`));
    await append(root, '/etc/group', added);
  },
};

function lineOf(text: string, group: string): string | undefined {
  return text.split('\n').find((line) => line.startsWith(`${group}:`));
}

function unknownGroup(name: string, text: string): never {
  const known = parseAccounts(text, 'group').map((account) => account.name);
  const [near] = nearest(name, known);
  throw usageError('ETC_GROUP_UNKNOWN', `etc-group-members: there is no group "${name}"`, {
    hint: near === undefined ? 'a package or a sysusers.d file of an overlay must make it' : `did you mean "${near}"?`,
  });
}
