import { readPolicy } from '../../ostree/labels/policy.ts';
import { byteLabels, contextOf, labelOf } from '../../ostree/labels.ts';
import { bootFilesystem } from '../boot/boot-filesystem.ts';
import type { Filesystem } from '../filesystems/filesystem.ts';
import type { DirectoryNode, FileNode } from '../filesystems/tree.ts';
import { labelTree, type NodeLabels, withOwnDirectory } from '../labels.ts';
import type { BaseDiskRecord } from './record.ts';
import type { SunkContents } from './sink.ts';

/** Where the running system has the boot filesystem. */
const bootPath = '/boot';

/**
 * The labels of what is on the disk beside the commit; undefined if the commit has none, or the system no policy.
 * @throws CosaError `SELINUX_POLICY` (exit 4)
 */
export async function labelsOf({ policyFiles }: SunkContents): Promise<NodeLabels | undefined> {
  const policy = await readPolicy((path) => Promise.resolve(policyFiles.get(path)));
  return policy === undefined ? undefined : byteLabels(policy);
}

/** The contexts of all paths that a boot filesystem has, on whatever platform. */
export function bootContexts(
  deployment: BaseDiskRecord['deployment'],
  kernelFiles: readonly { path: string }[],
  filesystem: Filesystem,
  labels: NodeLabels,
): Record<string, string> {
  const empty = { uid: 0, gid: 0, mode: 0o644, mtime: 0, xattrs: [], content: Buffer.alloc(0) };
  const files = kernelFiles.map(({ path }) => [path, { kind: 'file', ...empty } satisfies FileNode] as const);
  const settings = { kernelArguments: [], grubCommands: [], networkArguments: [] };
  const root = withOwnDirectory(
    bootFilesystem({ deviceTree: undefined, bootupdState: undefined, ...deployment }, files, settings, 0),
    filesystem,
  );
  const contexts: Record<string, string> = {};
  labelTree(root, bootPath, {
    of(path, kind) {
      const label = labels.of(path, kind);
      if (label !== undefined) contexts[path] = contextOf(label);
      return label;
    },
  });
  return contexts;
}

/** Labels a boot filesystem with what {@link bootContexts} found. */
export function labelBoot(root: DirectoryNode, filesystem: Filesystem, contexts: ReadonlyMap<string, string>): void {
  const labels = new Map([...contexts].map(([path, context]) => [path, labelOf(context)]));
  labelTree(withOwnDirectory(root, filesystem), bootPath, { of: (path) => labels.get(path) });
}
