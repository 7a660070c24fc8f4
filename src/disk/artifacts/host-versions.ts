import { filesystems } from '../filesystems.ts';

/**
 * The programs of this host that decide about the bytes of a root filesystem, with their versions; none where it is written
 * by ourselves.
 */
export async function hostVersions(rootfs: string): Promise<readonly string[]> {
  return (await filesystems.find(({ name }) => name === rootfs)?.host?.versions()) ?? [];
}
