import { tmpdir } from 'node:os';
import { bootChecksum } from '../../src/disk/base-disk/boot-checksum.ts';
import type { StoredObject } from '../../src/disk/deployment/nodes.ts';
import { type DeploymentPlan, planDeployment } from '../../src/disk/deployment/plan.ts';
import type { StoredContent } from '../../src/disk/filesystems/tree.ts';
import type { UnpackedImage } from './unpack-in-memory.ts';

/** Content that a test has "stored". */
interface KeptContent extends StoredContent {
  bytes: Buffer;
}

/** The bytes of what {@link storedObjects} has stored. */
export function keptBytes(content: StoredContent): Buffer {
  return (content as KeptContent).bytes;
}

export interface PlannedImage {
  plan: DeploymentPlan;
  objects: Map<string, StoredObject>;
  bootChecksum: string;
}

/** Plans the deployment of an image in memory, and stores its contents as a filesystem would. */
export function plannedImage({ commit, contents }: UnpackedImage, stateroot: string): PlannedImage {
  const plan = planDeployment(commit, stateroot);
  const keep = (bytes: Buffer): KeptContent => ({ size: bytes.length, bytes });
  const objects = new Map<string, StoredObject>();
  for (const { checksum, kind, uid, gid, mode, xattrs, symlinkTarget, bytes } of contents) {
    const inode = { uid, gid, mode, mtime: 0, xattrs };
    const target = Buffer.from(symlinkTarget).toString('latin1');
    const node =
      kind === 'symlink' ? ({ kind, ...inode, target } as const) : ({ kind, ...inode, content: keep(bytes) } as const);
    const copies = Array.from({ length: plan.copies.get(checksum) ?? 0 }, () => keep(bytes));
    objects.set(checksum, { node, copies });
  }
  using checksum = bootChecksum(plan.kernel.hashed.length, tmpdir());
  for (const [index, file] of plan.kernel.hashed.entries()) {
    checksum.write(index, contents.find((content) => content.checksum === file.checksum)?.bytes ?? Buffer.alloc(0));
    checksum.close(index);
  }
  return { plan, objects, bootChecksum: checksum.digest() };
}
