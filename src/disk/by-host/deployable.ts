import { tryRun } from '../../exec/run.ts';
import { tools } from '../../exec/tools.ts';
import { verificationError } from '../../lib/errors.ts';

const modules = '/usr/lib/modules';

/** What `ostree admin deploy` reads of a kernel's directory and copies to the boot filesystem. */
const kernelFiles = ['vmlinuz', 'initramfs.img', '.vmlinuz.hmac', 'devicetree', 'dtb'];

/**
 * Checks a commit before it is deployed: that it has one kernel, and no symbolic link where `ostree` would follow
 * one out of the tree.
 * @param repository that holds the commit
 * @returns the kernel's release
 * @throws CosaError `CONTAINER_KERNEL`, `CONTAINER_PATH` (exit 4)
 */
export async function checkDeployable(repository: string, commit: string): Promise<string> {
  const directories = ['/usr', '/usr/etc', '/usr/lib'];
  const found = await list(repository, commit, ['-d', ...directories]);
  for (const path of directories) {
    const entry = found.find((candidate) => candidate.path === path);
    if (entry === undefined) throw invalid(path, 'is missing');
    if (entry.type !== 'd') throw invalid(path, 'is not a directory');
  }
  const releases: string[] = [];
  for (const { type, path } of await list(repository, commit, [modules])) {
    if (type === 'd' && path !== modules && (await holdsKernel(repository, commit, path))) {
      releases.push(path.slice(modules.length + 1));
    }
  }
  const [release, second] = releases;
  if (release !== undefined && second === undefined) return release;
  throw verificationError(
    'CONTAINER_KERNEL',
    release === undefined
      ? `the container has no kernel: ${modules}/*/vmlinuz with initramfs.img beside it`
      : `the container has ${releases.length} kernels, and one is expected: ${releases.join(', ')}`,
    { hint: 'only bootable containers (label ostree.bootable) can become disks' },
  );
}

async function holdsKernel(repository: string, commit: string, directory: string): Promise<boolean> {
  const entries = await list(repository, commit, [directory]);
  const has = (name: string, type: Entry['type']) =>
    entries.some((entry) => entry.path === `${directory}/${name}` && entry.type === type);
  for (const name of kernelFiles) {
    if (has(name, 'l')) throw invalid(`${directory}/${name}`, 'is a symbolic link');
  }
  return has('vmlinuz', '-') && has('initramfs.img', '-');
}

interface Entry {
  type: '-' | 'd' | 'l';
  path: string;
}

/** What `ostree ls` prints about paths of a commit, up to the first that does not exist. */
async function list(repository: string, commit: string, paths: readonly string[]): Promise<Entry[]> {
  const { stdout } = await tryRun(tools.ostree, [`--repo=${repository}`, 'ls', commit, ...paths]);
  const entries: Entry[] = [];
  for (const line of stdout.split('\n')) {
    const match = /^([-dl])\d{5} \d+ \d+ +\d+ (\/.*?)(?: -> .*)?$/.exec(line);
    if (match?.[2] !== undefined) entries.push({ type: match[1] as Entry['type'], path: match[2] });
  }
  return entries;
}

function invalid(path: string, what: string) {
  return verificationError('CONTAINER_PATH', `${path} in the container ${what}`);
}
