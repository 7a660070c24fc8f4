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
    if (users.size === 0 && groups.size === 0) return;
    context.reporter.log(`renumbered: ${users.size} users, ${groups.size} groups`);
    await rewriteNumbers(root, '/etc/passwd', [undefined, undefined, users, groups]);
    await rewriteNumbers(root, '/etc/group', [undefined, undefined, groups]);
    await changeOwners(root, users, groups, context.reporter.signal);
  },
};

async function planFor(
  { root }: RootContext,
  kind: AccountKind,
  check: AccountCheck,
  ignoreRemoved: readonly string[],
): Promise<Map<number, number>> {
  if (check.kind === 'none') return new Map();
  const file = kind === 'user' ? '/etc/passwd' : '/etc/group';
  const present = parseAccounts(await readTextInRoot(root, file), kind);
  const accounts =
    check.kind === 'text' ? parseAccounts(check.text, kind) : [...check.ids].map(([name, ids]) => ({ name, ids }));
  return planRenumbering(kind, present, { accounts, origin: check.origin, ignoreRemoved });
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
    if (added.length === 0) return;
    await writeTextInRoot(root, '/etc/group', `${inEtc.replace(/\n*$/, '\n')}${added.join('\n')}\n`);
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
