import { chmod, lchown } from 'node:fs/promises';
import { type AccountKind, parseAccounts } from '../../lib/accounts.ts';
import { readTextInRootIfExists, statInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import { installedDatabase } from './database.ts';
import { type Diversions, placeOf } from './diversions.ts';
import type { UnpackedPackage } from './unpacked.ts';

/**
 * Gives what was unpacked without dpkg the owners that dpkg would have given: those of the *names* in the archive, as
 * the root knows them; an archive's number counts only where the name is unknown. Then come the overrides of
 * dpkg-statoverride(1). To be called when the root has its accounts, and before files are what scripts make of them.
 */
export async function settleOwners(
  root: string,
  packages: readonly UnpackedPackage[],
  diversions: Diversions,
): Promise<void> {
  const numbers = {
    users: await readNumbers(root, '/etc/passwd', 'user'),
    groups: await readNumbers(root, '/etc/group', 'group'),
  };
  const overrides = await readOverrides(root);
  for (const { item, paths, owned } of packages) {
    const unpacked = new Set(paths);
    for (const { path, user, group } of owned) {
      if (!unpacked.has(path)) continue;
      const place = placeOf(diversions, path, item.locked.name);
      await changeOwner(root, place, numbers.users.get(user), numbers.groups.get(group));
    }
    for (const path of paths) {
      const override = overrides.get(path.replace(/(?!^)\/$/, ''));
      if (override === undefined) continue;
      const place = placeOf(diversions, path, item.locked.name);
      await changeOwner(root, place, idOf(override.user, numbers.users), idOf(override.group, numbers.groups));
      const stats = await statInRoot(root, place);
      if (stats !== undefined && !stats.isSymbolicLink()) await chmod(await hostPath(root, place), override.mode);
    }
  }
}

async function readNumbers(root: string, file: string, kind: AccountKind): Promise<Map<string, number>> {
  const accounts = parseAccounts((await readTextInRootIfExists(root, file)) ?? '', kind);
  // The first line of a name is the one that counts.
  return new Map(accounts.reverse().map(({ name, ids: [id = 0] }) => [name, id]));
}

/** chown(2) takes set-user-ID bits away: they are given again. */
async function changeOwner(root: string, path: string, user?: number, group?: number): Promise<void> {
  const stats = await statInRoot(root, path);
  if (stats === undefined) return;
  const [uid, gid] = [user ?? stats.uid, group ?? stats.gid];
  if (uid === stats.uid && gid === stats.gid) return;
  const host = await hostPath(root, path);
  await lchown(host, uid, gid);
  if (!stats.isSymbolicLink()) await chmod(host, stats.mode & 0o7777);
}

interface StatOverride {
  user: string;
  group: string;
  mode: number;
}

/** dpkg's file has a line for each: user, group, octal mode, path. */
async function readOverrides(root: string): Promise<ReadonlyMap<string, StatOverride>> {
  const text = (await readTextInRootIfExists(root, `${installedDatabase}/statoverride`)) ?? '';
  const overrides = new Map<string, StatOverride>();
  for (const line of text.split('\n')) {
    const [, user, group, mode, path] = /^(\S+) (\S+) ([0-7]+) (.+)$/.exec(line) ?? [];
    if (user === undefined || group === undefined || mode === undefined || path === undefined) continue;
    overrides.set(path, { user, group, mode: Number.parseInt(mode, 8) });
  }
  return overrides;
}

/** A name, or a number behind a `#`. */
function idOf(name: string, numbers: ReadonlyMap<string, number>): number | undefined {
  return name.startsWith('#') ? Number(name.slice(1)) : numbers.get(name);
}
