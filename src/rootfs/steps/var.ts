import { chmod, lstat, mkdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { type AccountNames, accountNames } from '../accounts.ts';
import type { RootContext, RootStep } from '../context.ts';
import { factoryDirectory } from '../final-path.ts';
import { namesIn } from '../names-in.ts';
import { createdPaths, formatTmpfilesLine, type TmpfilesLine } from '../tmpfiles.ts';
import { type WalkedEntry, walkTree } from '../walk.ts';

const autovarPath = '/usr/lib/tmpfiles.d/cosa-autovar.conf';

/** Below these, files are made anew as they are needed. */
const volatile = /^\/var\/(cache|log|tmp|backups|lib\/systemd\/(catalog|random-seed))(\/|$)/;

/**
 * Empties /var, which belongs to the machine and not to the system, and lets systemd-tmpfiles make on the first
 * boot what packages need there: directories and links as they are, files from copies in /usr/share/factory.
 */
export const varToTmpfiles: RootStep = {
  title: 'turn /var into tmpfiles.d',
  async run(context) {
    const { root } = context;
    const lines: string[] = [];
    const declared = await declaredPaths(root);
    const names = await accountNames(root);
    for await (const walked of walkTree(root, '/var')) {
      const line = await lineFor(context, walked, names);
      if (line !== undefined && !declared.has(line.path)) lines.push(formatTmpfilesLine(line));
    }
    if (lines.length > 0) {
      await makeDirectory(join(root, dirname(autovarPath)));
      await writeFile(join(root, autovarPath), `# What packages have in /var.\n${lines.join('\n')}\n`, { mode: 0o644 });
      context.generated.set(autovarPath, 'var');
    }
    await rm(join(root, 'var'), { recursive: true });
    await mkdir(join(root, 'var'));
    await chmod(join(root, 'var'), 0o755);
  },
};

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
  if (volatile.test(path)) return undefined;
  if (entry.isSymbolicLink()) return { type: 'L', path, argument: await readlink(host) };
  // Sockets and pipes are made by whoever listens on them.
  if (!entry.isFile()) return undefined;
  const factory = `${factoryDirectory}${path}`;
  await makeDirectory(join(context.root, dirname(factory)));
  await rename(host, join(context.root, factory));
  context.generated.set(factory, 'var');
  return { type: 'C', path, argument: factory };
}

/** Paths for which the system's own tmpfiles.d has a line: a second one would only draw a warning. */
async function declaredPaths(root: string): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const directory of ['usr/lib/tmpfiles.d', 'etc/tmpfiles.d']) {
    for (const name of await namesIn(join(root, directory))) {
      if (!name.endsWith('.conf')) continue;
      for (const path of createdPaths(await readFile(join(root, directory, name), 'utf8'))) paths.add(path);
    }
  }
  return paths;
}
