import { symlink } from 'node:fs/promises';
import { isPolicyName, parseSelinuxConfig } from '../../contract/selinux.ts';
import {
  makeDirectoryInRoot,
  namesInRoot,
  readTextInRootIfExists,
  removeInRoot,
  renameInRoot,
  replaceInRoot,
  statInRoot,
} from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import type { RootContext, RootStep } from '../context.ts';
import { walkTree } from '../walk.ts';

const directory = '/etc/selinux';
/** Where packages have the modules of policies, below a policy's name. */
const packagedStores = '/var/lib/selinux';
const component = 'selinux-policy';

/**
 * Prepares the policy that counts for a system that ostree deploys, as rpm-ostree does it: the modules that it is built of
 * travel with it, and directories that have other places in such a system are looked up where the policy thinks they are.
 * https://github.com/coreos/rpm-ostree/blob/main/src/libpriv/rpmostree-postprocess.cxx
 */
export const selinuxPolicy: RootStep = {
  title: 'prepare SELinux policy',
  async run(context) {
    const config = (await readTextInRootIfExists(context.root, `${directory}/config`)) ?? '';
    const { isEnabled, policy } = parseSelinuxConfig(config);
    if (!isEnabled || policy === undefined || !isPolicyName(policy)) return;
    await moveStore(context, policy);
    await addEquivalences(context, `${directory}/${policy}/contexts/files`);
  },
};

/**
 * Moves the store of modules into /etc: in /var it would be the machine's, and a machine that is updated would build the new
 * system's policy of the modules that it was installed with.
 */
async function moveStore({ root, generated }: RootContext, policy: string): Promise<void> {
  const packaged = `${packagedStores}/${policy}`;
  if ((await statInRoot(root, `${packaged}/active/modules`)) === undefined) return;
  const settings = `${directory}/semanage.conf`;
  const text = (await readTextInRootIfExists(root, settings)) ?? '';
  if (!/^[ \t]*store-root[ \t]*=[ \t]*\/etc\/selinux\/?[ \t]*$/m.test(text)) {
    await replaceInRoot(
      root,
      settings,
      `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}store-root=${directory}\n`,
    );
  }
  for (const name of await namesInRoot(root, packaged)) {
    const to = `${directory}/${policy}/${name}`;
    // Locks of a build that is over.
    if (name.endsWith('.LOCK')) continue;
    await removeInRoot(root, to);
    await renameInRoot(root, `${packaged}/${name}`, to);
    for await (const { path, entry } of walkTree(root, to)) if (!entry.isDirectory()) generated.set(path, component);
  }
  await removeInRoot(root, packagedStores);
  await makeDirectoryInRoot(root, '/var/lib');
  await symlink('../../etc/selinux', await hostPath(root, packagedStores));
}

/** Adds what the policy does not say yet: either of the files may. */
async function addEquivalences({ root, request }: RootContext, files: string): Promise<void> {
  if ((await statInRoot(root, `${files}/file_contexts`)) === undefined) return;
  const read = async (name: string) => (await readTextInRootIfExists(root, `${files}/${name}`)) ?? '';
  const distributed = await read('file_contexts.subs_dist');
  const known = new Map([...equivalencesIn(distributed), ...equivalencesIn(await read('file_contexts.subs'))]);
  // Homes have the names in a policy that they had for whoever built it.
  const isVarHome = /^\/var\/home\//m.test(await read('file_contexts.homedirs'));
  const wanted: (readonly [from: string, to: string])[] = [
    isVarHome ? ['/home', '/var/home'] : ['/var/home', '/home'],
    ['/var/roothome', '/root'],
    ...(request.optUsrlocal === 'var' ? [] : ([['/usr/lib/opt', '/opt']] as const)),
  ];
  if (!known.has('/usr/etc')) {
    wanted.push(['/usr/etc', '/etc']);
    // One line of a file is followed: what is said of a directory of /etc is to be said of that of /usr/etc. The last one counts.
    for (const [from, to] of known) if (from.startsWith('/etc/')) wanted.push([`/usr${from}`, to]);
  }
  const added = wanted.filter(([from]) => !known.has(from)).map(([from, to]) => `${from} ${to}\n`);
  const kept = isVarHome ? distributed.replace(/^\/var\/home[ \t]/gm, '# $&') : distributed;
  if (added.length === 0 && kept === distributed) return;
  const end = kept === '' || kept.endsWith('\n') ? '' : '\n';
  const text = `${kept}${end}# Where ostree has other places than the policy thinks.\n${added.join('')}`;
  await replaceInRoot(root, `${files}/file_contexts.subs_dist`, text);
}

function equivalencesIn(text: string): (readonly [from: string, to: string])[] {
  return text.split('\n').flatMap((line) => {
    const [, from, to] = /^[ \t]*(\/\S*)[ \t]+(\/\S*)/.exec(line) ?? [];
    return from === undefined || to === undefined ? [] : [[from, to] as const];
  });
}
