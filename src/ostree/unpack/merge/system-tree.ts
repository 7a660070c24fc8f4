import { verificationError } from '../../../lib/errors.ts';
import { pathError } from '../layout-path.ts';
import { base, type MergedDirectory, newDirectory, type TreeContent } from './node.ts';

/**
 * Directories of a container that a system fills when it runs, or that ostree does: what a layer has put into them is of
 * the build's own environment. The kernel's place is `/usr/lib/modules`, and nobody but us fills the repository.
 */
const emptied: Readonly<Record<string, number>> = {
  boot: 0o755,
  dev: 0o755,
  proc: 0o755,
  run: 0o755,
  sys: 0o755,
  sysroot: 0o755,
  tmp: 0o1777,
};

/** `buildah run` leaves them empty where it has mounted its own: https://github.com/containers/buildah/issues/4242 */
const leftByBuilds = ['hostname', 'resolv.conf'];

/** A commit's tree as the container shows it: `/usr/etc` is `/etc` there. Changes the tree. */
export function showAsContainer(root: MergedDirectory): void {
  const usr = root.entries.get('usr');
  const etc = usr?.kind === 'directory' ? usr.entries.get('etc') : undefined;
  if (usr?.kind !== 'directory' || etc?.kind !== 'directory') return;
  usr.entries.delete('etc');
  root.entries.set('etc', etc);
}

/**
 * Makes of a container's tree that of a system which ostree deploys: `/etc` becomes `/usr/etc`, directories that are filled
 * when it runs are empty, `/ostree` leads to the repository. Changes the tree.
 * @param ostreeLink what `/ostree` becomes, where the container has none
 * @returns true if `ostreeLink` was needed
 * @throws CosaError `CONTAINER_PATH` (exit 4)
 */
export function makeSystem(root: MergedDirectory, ostreeLink: TreeContent): boolean {
  for (const [name, mode] of Object.entries(emptied)) {
    const node = root.entries.get(name);
    if (node === undefined) root.entries.set(name, newDirectory(base, mode));
    else if (node.kind === 'directory') node.entries.clear();
    // Links, as some have `/tmp` to `/var/tmp`; where the system's partition is mounted must be a directory.
    else if (name === 'sysroot' || node.kind === 'special') throw unusable(`/${name}`, 'is not a directory');
  }
  moveEtc(root);
  const ostree = root.entries.get('ostree');
  if (ostree?.kind === 'content' && !isLayersFile(ostree.content)) return false;
  root.entries.set('ostree', { kind: 'content', content: ostreeLink, layer: base });
  return true;
}

function moveEtc(root: MergedDirectory): void {
  const etc = root.entries.get('etc');
  const usr = root.entries.get('usr');
  if (etc === undefined || usr?.kind !== 'directory') return;
  if (etc.kind !== 'directory') throw unusable('/etc', 'is not a directory');
  const other = usr.entries.get('etc');
  if (other !== undefined && (other.kind !== 'directory' || other.entries.size > 0)) {
    if (etc.entries.size > 0)
      throw unusable('/etc', 'is not empty, and neither is /usr/etc: the files belong into /etc');
    root.entries.delete('etc');
    return;
  }
  for (const name of leftByBuilds) {
    const node = etc.entries.get(name);
    if (node?.kind === 'content' && isLayersFile(node.content) && node.content.size === 0) etc.entries.delete(name);
  }
  usr.entries.set('etc', etc);
  root.entries.delete('etc');
}

/** True for a layer's own: what the base has, it has on purpose. */
function isLayersFile({ place, target }: TreeContent): boolean {
  return place !== undefined && target === undefined;
}

/**
 * Looks for what ostree does not store.
 * @param layerDigest of an ordinary layer, by its index
 * @throws CosaError `LAYER_PATH` (exit 4)
 */
export function requireStorable(root: MergedDirectory, layerDigest: (index: number) => string): void {
  const left: [path: string, directory: MergedDirectory][] = [['', root]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [path, { entries }] = next;
    for (const [name, node] of entries) {
      if (node.kind === 'directory') left.push([`${path}${name}/`, node]);
      if (node.kind === 'special') {
        throw pathError(layerDigest(node.layer), `${path}${name}`, `is a ${node.type}, which ostree does not store`, {
          hint: 'remove it in the Containerfile: devices are made by udev or systemd-tmpfiles when the system boots',
        });
      }
    }
  }
}

function unusable(path: string, what: string) {
  return verificationError('CONTAINER_PATH', `${path} in the container ${what}`, {
    hint: 'change it in the Containerfile, and build the container again',
  });
}
