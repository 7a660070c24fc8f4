import { checkOut, copyOut } from './deployment/checkout.ts';
import { findDirectory } from './deployment/container-path.ts';
import type { KeptCommits } from './deployment/kept-commits.ts';
import { emptyCopy, newDirectory, newFile, newSymlink, type StoredObjects } from './deployment/nodes.ts';
import type { DeploymentPlan } from './deployment/plan.ts';
import { repository } from './deployment/repository.ts';
import type { DirectoryNode } from './filesystems/tree.ts';

/** What the deployed system finds about itself, beside its tree. */
export interface DeploymentRecords {
  /** Where the deployment came from: a key file of ostree's. */
  origin: string;
  /** `.coreos-aleph-version.json`: what the disk was made of. */
  aleph: string;
  /** What the kernel's directory is named by: see `bootChecksum`. */
  bootChecksum: string;
  /** True if ostree is to write the boot loader's menu at each deployment. */
  hasOwnMenu: boolean;
}

/**
 * The root filesystem of a system with one deployment, exactly as `ostree admin init-fs --modern`, `os-init` and `deploy`
 * of ostree 2025.2 leave it, where `/boot` is a filesystem of its own.
 * https://ostreedev.github.io/ostree/deployment/
 * @param objects every content of the commit, and of those that are kept; the copies that were planned are used up
 */
export function physicalRoot(
  plan: DeploymentPlan,
  objects: StoredObjects,
  records: DeploymentRecords,
  kept: KeptCommits,
): DirectoryNode {
  const { commit, stateroot } = plan;
  const { timestamp } = commit;
  const directory = (entries: Record<string, Parameters<DirectoryNode['entries']['set']>[1]> = {}) =>
    newDirectory(timestamp, Object.entries(entries));
  const deployment = `${commit.commit}.0`;

  const transient = directory({ upper: emptyCopy(commit.root, timestamp), work: { ...directory(), mode: 0o700 } });
  const closed = (node: DirectoryNode): DirectoryNode => ({ ...node, mode: 0o700 });
  const backing = closed(directory({ [deployment]: closed(directory({ 'root-transient': closed(transient) })) }));

  const bootLink = newSymlink(timestamp, `../../../deploy/${stateroot}/deploy/${deployment}`);
  const ostree = directory({
    'boot.1': newSymlink(timestamp, 'boot.1.1'),
    // The boot loader's entries name the deployment by this path; the last part counts those with the same kernel.
    'boot.1.1': directory({ [stateroot]: directory({ [records.bootChecksum]: directory({ 0: bootLink }) }) }),
    deploy: directory({
      [stateroot]: directory({
        backing,
        deploy: directory({
          [deployment]: deployedTree(plan, objects),
          [`${deployment}.origin`]: newFile(timestamp, records.origin),
        }),
        var: stateVar(plan, objects),
      }),
    }),
    repo: repository(commit, objects, timestamp, { hasOwnMenu: records.hasOwnMenu, kept }),
  });
  return directory({
    '.coreos-aleph-version.json': newFile(timestamp, records.aleph),
    boot: directory(),
    ostree,
  });
}

function deployedTree({ commit, etc }: DeploymentPlan, objects: StoredObjects): DirectoryNode {
  const { timestamp } = commit;
  const tree = { ...checkOut(commit.root, objects), mtime: timestamp, isImmutable: true };
  tree.entries.set('etc', withoutStamp(copyOut(etc, objects, timestamp)));
  return tree;
}

/**
 * The stateroot's `/var`. Since ostree 2024.3 it begins as a copy of the commit's, and has directories of its own only where
 * nothing else makes them.
 */
function stateVar({ commit, initialVar }: DeploymentPlan, objects: StoredObjects): DirectoryNode {
  const { timestamp } = commit;
  const node = newDirectory(timestamp);
  node.entries.set('.ostree-selabeled', newFile(timestamp, ''));
  if (initialVar === undefined) return node;
  if (findDirectory(commit.root, '/usr/lib/tmpfiles.d') === undefined) {
    node.entries.set('tmp', { ...newDirectory(timestamp), mode: 0o1777 });
    node.entries.set('lib', newDirectory(timestamp));
    node.entries.set('log', newDirectory(timestamp));
    node.entries.set('run', newSymlink(timestamp, '../run'));
    node.entries.set('lock', newSymlink(timestamp, '../run/lock'));
  }
  for (const [name, entry] of withoutStamp(copyOut(initialVar, objects, timestamp)).entries) {
    node.entries.set(name, entry);
  }
  return node;
}

/** systemd compares the time of this file with that of `/usr`, to see whether an update was applied already. */
function withoutStamp(node: DirectoryNode): DirectoryNode {
  node.entries.delete('.updated');
  return node;
}
