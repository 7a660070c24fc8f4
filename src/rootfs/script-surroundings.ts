import { readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bind } from '../exec/sandbox.ts';
import { readTextInRootIfExists, removeInRoot, replaceInRoot, statInRoot, writeTextInRoot } from '../lib/root-files.ts';
import { hostPath } from '../lib/root-path.ts';
import type { RootContext } from './context.ts';

/** What is there only while scripts run. */
interface Surroundings {
  binds: readonly Bind[];
  /** Takes it away again; what scripts have written to it is where it belongs. */
  close(): Promise<void>;
}

const link = '/usr/etc';
const accountFiles = ['passwd', 'group'];

/**
 * Gives scripts what those of rpm-ostree's configs expect: /usr/etc beside /etc, and the accounts in /usr/lib, where
 * nss-altfiles has them.
 * @param scratch a directory outside of the root
 */
export async function openSurroundings({ root, request }: RootContext, scratch: string): Promise<Surroundings> {
  const hasLink = (await statInRoot(root, link)) === undefined;
  if (hasLink) await symlink('../etc', await hostPath(root, link));
  const copies: string[] = [];
  for (const name of accountFiles) {
    const text = await readTextInRootIfExists(root, `/etc/${name}`);
    if (text === undefined || (await statInRoot(root, `/usr/lib/${name}`)) !== undefined) continue;
    await replaceInRoot(root, `/usr/lib/${name}`, text);
    copies.push(name);
  }
  const marker = join(scratch, 'containerenv');
  if (request.containerMarker) await writeFile(marker, '');
  return {
    binds: request.containerMarker ? [{ from: marker, to: '/run/.containerenv' }] : [],
    async close() {
      if (hasLink) await removeLink(root);
      for (const name of copies) {
        await removeInRoot(root, `/usr/lib/${name}`);
        await dropRepeatedLines(root, `/etc/${name}`);
      }
    },
  };
}

/** If a script has made something else of it, that is an error of its own: see the last step. */
async function removeLink(root: string): Promise<void> {
  const isLink = (await statInRoot(root, link))?.isSymbolicLink() ?? false;
  if (isLink && (await readlink(await hostPath(root, link))) === '../etc') await removeInRoot(root, link);
}

/** Scripts copy lines from /usr/lib to /etc, where they are here already. */
async function dropRepeatedLines(root: string, path: string): Promise<void> {
  const text = await readTextInRootIfExists(root, path);
  if (text === undefined) return;
  const lines = text.split('\n');
  const kept = lines.filter((line, index) => line === '' || lines.indexOf(line) === index);
  if (kept.length < lines.length) await writeTextInRoot(root, path, kept.join('\n'));
}
