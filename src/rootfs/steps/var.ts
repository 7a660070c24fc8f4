import { lstat, readlink } from 'node:fs/promises';
import {
  makeDirectoryInRoot,
  namesInRoot,
  readTextInRootIfExists,
  removeInRoot,
  renameInRoot,
  replaceInRoot,
} from '../../lib/root-files.ts';
import { type AccountNames, accountNames } from '../account-names.ts';
import type { RootContext, RootStep } from '../context.ts';
import { factoryDirectory } from '../final-path.ts';
import { lostBelow } from '../lost-paths.ts';
import { createdPaths, formatTmpfilesLine, type TmpfilesLine } from '../tmpfiles.ts';
import { type WalkedEntry, walkTree } from '../walk.ts';

const autovarPath = '/usr/lib/tmpfiles.d/cosa-autovar.conf';

/**
 * Empties /var, which belongs to the machine and not to the system, and lets systemd-tmpfiles make on the first
 * boot what packages need there: directories and links as they are, files from copies in /usr/share/factory.
 */
export const varToTmpfiles: RootStep = {
  title: 'turn /var into tmpfiles.d',
  async run(context) {
    const { root } = context;
    const lines: string[] = [];
    const copied: string[] = [];
    const declared = await declaredPaths(root);
    const names = await accountNames(root);
    for await (const walked of walkTree(root, '/var')) {
      const line = await lineFor(context, walked, names);
      if (line?.type === 'C') copied.push(line.path);
      if (line !== undefined && !declared.has(line.path)) lines.push(formatTmpfilesLine(line));
    }
    warnOfCopied(context, copied);
    if (lines.length > 0) {
      await replaceInRoot(root, autovarPath, `# What packages have in /var.\n${lines.join('\n')}\n`);
      context.generated.set(autovarPath, 'var');
    }
    await removeInRoot(root, '/var');
    await makeDirectoryInRoot(root, '/var');
  },
};

/** Where people expect programs that updates replace, and what helps. */
const copiedDirectories = [
  { path: '/var/opt', shown: '/opt', hint: 'make /opt part of the system with "opt-usrlocal: root"' },
  { path: '/var/usrlocal', shown: '/usr/local', hint: 'put it below /usr, or set "opt-usrlocal: root"' },
  { path: '/var/srv', shown: '/srv', hint: 'put it below /usr, and make /srv a link to it in a script' },
] as const;

function warnOfCopied({ reporter }: RootContext, copied: readonly string[]): void {
  for (const { path, shown, hint } of copiedDirectories) {
    const [first, ...more] = copied.filter((name) => name.startsWith(`${path}/`));
    if (first === undefined) continue;
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    const name = JSON.stringify(`${shown}${first.slice(path.length)}`);
    reporter.warn(`${name}${others} will be copied on a machine's first boot, and never updated`, hint);
  }
}

async function lineFor(
  context: RootContext,
  { path, host, entry }: WalkedEntry,
  names: AccountNames,
): Promise<TmpfilesLine | undefined> {
  if (entry.isDirectory()) {
    const { mode, uid, gid } = await lstat(host);
    const user = names.users.get(uid) ?? String(uid);
    const group = names.groups.get(gid) ?? String(gid);
    return { type: 'd', path, mode: mode & 0o7777, user, group };
  }
  if (lostBelow(path) !== undefined) return undefined;
  if (entry.isSymbolicLink()) return { type: 'L', path, argument: await readlink(host) };
  // Sockets and pipes are made by whoever listens on them.
  if (!entry.isFile()) return undefined;
  const factory = `${factoryDirectory}${path}`;
  await renameInRoot(context.root, path, factory);
  context.generated.set(factory, 'var');
  return { type: 'C', path, argument: factory };
}

/** In the order in which files of one name hide each other: tmpfiles.d(5). */
const tmpfilesDirectories = ['/etc/tmpfiles.d', '/usr/local/lib/tmpfiles.d', '/usr/lib/tmpfiles.d'];

/** Paths for which the system's own tmpfiles.d has a line: a second one would only draw a warning. */
async function declaredPaths(root: string): Promise<Set<string>> {
  const paths = new Set<string>();
  const seen = new Set<string>();
  for (const directory of tmpfilesDirectories) {
    for (const name of await namesInRoot(root, directory)) {
      if (!name.endsWith('.conf') || seen.has(name)) continue;
      seen.add(name);
      // A link that leads nowhere has no lines, and one to /dev/null masks the file of this name.
      const text = (await readTextInRootIfExists(root, `${directory}/${name}`)) ?? '';
      for (const path of createdPaths(text)) paths.add(path);
    }
  }
  return paths;
}
