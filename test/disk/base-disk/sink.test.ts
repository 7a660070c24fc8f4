import { describe, expect, it } from 'vitest';
import type { ContentRole } from '../../../src/disk/base-disk/roles.ts';
import { baseDiskSink } from '../../../src/disk/base-disk/sink.ts';
import { planDeployment } from '../../../src/disk/deployment/plan.ts';
import type { FilesystemWriter } from '../../../src/disk/filesystems/filesystem.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';
import type { ContentEntry } from '../../../src/ostree/unpack/layer-objects.ts';
import { commitDirectories } from '../../helpers/commit-directories.ts';

const modules = '/usr/lib/modules/6.12';
const system = [`${modules}/vmlinuz`, `${modules}/initramfs.img`, '/usr/etc/hostname'];

const unused = (): never => expect.fail('nothing is to be stored');
const writer: FilesystemWriter = {
  create: unused,
  reserve: unused,
  finish: unused,
  placeOf: () => undefined,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** A sink into which nothing that has bytes may be written. */
function sinkFor(paths: readonly string[] = [], roles: ReadonlyMap<string, readonly ContentRole[]> = new Map()) {
  const contents = Object.fromEntries(paths.map((path) => [path, 'same']));
  const plan = planDeployment(commitDirectories([...system, ...paths], contents), 'test-os');
  const checksum = { write: unused, close: unused, digest: unused, [Symbol.dispose]: () => undefined };
  return baseDiskSink(plan, roles, { root: writer, boot: writer, esp: writer, checksum });
}

function entry(more: Partial<ContentEntry>): ContentEntry {
  const inode = { uid: 0, gid: 0, mode: 0o644, xattrs: [], size: 0, symlinkTarget: '' };
  async function* content(): AsyncGenerator<Buffer, void, void> {
    yield* [];
  }
  return { type: 'content', kind: 'file', checksum: sha256Hex('same'), content, ...inode, ...more };
}

const paths = (directory: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${directory}/${index}`);

const gibibyte = 1024 ** 3;
const copies = `the container's files take more than ${64 * gibibyte} bytes of a disk, with the copies in /etc, /var and /boot`;

describe('what a base disk takes of contents', () => {
  it('counts the copies that /etc gets', async () => {
    const { sink } = sinkFor(paths('/usr/etc', 64));
    await expect(sink.write(entry({ size: gibibyte }))).rejects.toThrow(
      expect.objectContaining({ code: 'CONTENT_TOO_LARGE', exitStatus: 4, message: copies }),
    );
  });

  it('counts the copies that /boot gets', async () => {
    const file = { source: '/x', checksum: sha256Hex('same'), path: 'x' };
    const role = { kind: 'kernel', file, hashed: undefined } as const;
    const { sink } = sinkFor([], new Map([[sha256Hex('same'), Array<ContentRole>(64).fill(role)]]));
    await expect(sink.write(entry({ size: gibibyte }))).rejects.toThrow(copies);
  });

  it('bounds what is kept in memory of inodes', async () => {
    const { sink } = sinkFor();
    const value = Buffer.alloc(1 << 20);
    for (let index = 0; index < 127; index++) {
      await sink.write(entry({ checksum: sha256Hex(String(index)), xattrs: [{ name: 'user.x', value }] }));
    }
    const link = entry({ kind: 'symlink', symlinkTarget: 'x'.repeat(1 << 20) });
    await expect(sink.write(link)).rejects.toThrow(
      expect.objectContaining({
        code: 'CONTENT_TOO_LARGE',
        message: `the container's files have more than ${128 << 20} bytes of extended attributes and targets of links`,
      }),
    );
  });

  it('refuses a content with more names than an inode can have, unless it is empty', async () => {
    const { sink } = sinkFor(paths('/usr/share', 65_000));
    const message = `object ${sha256Hex('same')} in the container has 65000 names; 64999 are possible`;
    const refused = expect.objectContaining({ code: 'CONTAINER_PATH', message });
    await expect(sink.write(entry({ size: 1 }))).rejects.toThrow(refused);
    await expect(sink.write(entry({ kind: 'symlink', symlinkTarget: 'x' }))).rejects.toThrow(refused);
    await sink.write(entry({}));
  });
});
