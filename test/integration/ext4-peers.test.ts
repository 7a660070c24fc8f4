import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DirectoryNode } from '../../src/disk/filesystems/tree.ts';
import { makeImage } from '../disk/filesystems/ext4/image.ts';
import { directory, file, store, symlink } from '../disk/filesystems/tree.ts';
import { debianRoot, runInside, type Suite } from '../helpers/debian-root.ts';

// Other people's programs read an ext4 of ours: GRUB 2.06 and e2fsprogs 1.47.0 of Debian 12, 2.12 and 1.47.2 of Debian 13.

const large = Buffer.alloc(300 << 20);
for (let at = 0; at < large.length; at += 4096) large.writeUInt32LE(at, at);
const sparse = Buffer.alloc(20 << 20);
for (let at = 1 << 20; at < sparse.length; at += 2 << 20) sparse.fill('x', at, at + 5000);
const depth = 100;

let scratch: string;
let image: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-ext4-peers-'));
  image = join(scratch, 'image');
  await writeFile(join(scratch, 'large'), large);
  await writeFile(join(scratch, 'sparse'), sparse);
  let deep: DirectoryNode = directory({ end: file('the end') });
  for (let level = 0; level < depth; level++) deep = directory({ [`level-${level}`]: deep });
  const xattrs = [
    { name: 'security.selinux', value: Buffer.from('system_u:object_r:bin_t:s0\0') },
    { name: 'user.large', value: Buffer.alloc(2000, 'x') },
  ];
  await makeImage(image, (writer) => {
    // Two that take turns are in many pieces.
    const pieces = [writer.create(8 << 20), writer.create(8 << 20)];
    for (let at = 0; at < 8 << 20; at += 4096) {
      for (const writer of pieces) writer.write(large.subarray(at, at + 4096));
    }
    const [first, second] = pieces.map((writer) => file(writer.close(), { xattrs }));
    const many = Array.from(
      { length: 30_000 },
      (_, index) => [`${index}`.padStart(80, 'n'), file(`${index}`)] as const,
    );
    return directory({
      large: file(store(writer.create(large.length), large)),
      sparse: file(store(writer.create(sparse.length), sparse)),
      link: symlink('large'),
      'far-link': symlink(`${'./'.repeat(100)}large`),
      pieces: directory({ first: first as NonNullable<typeof first>, second: second as NonNullable<typeof second> }),
      many: directory({}, { entries: new Map(many) }),
      deep,
    });
  });
  await writeFile(join(scratch, 'pieces'), large.subarray(0, 8 << 20));
});
afterAll(() => rm(scratch, { recursive: true }));

describe.each<[Suite, string, string]>([
  ['bookworm', 'GRUB) 2.06', '1.47.0'],
  ['trixie', 'GRUB) 2.12', '1.47.2'],
])('the programs of %s', (suite, grubVersion, fsckVersion) => {
  let root: string;
  beforeAll(async () => {
    root = await debianRoot({ suite, packages: ['e2fsprogs', 'grub-common'], state: 'unpacked' });
  });
  const inside = (...command: string[]) => runInside(root, command, { shared: [scratch] });

  it('find no fault', async () => {
    expect((await inside('e2fsck', '-V')).stderr).toContain(fsckVersion);
    const { stdout, exitCode } = await inside('e2fsck', '-fn', image);
    expect(stdout).toMatch(/^Pass 1: .*\nPass 2: .*\nPass 3: .*\nPass 4: .*\nPass 5: .*\nroot: .* files .* blocks\n$/);
    expect(exitCode).toBe(0);
  });

  it('read it as a boot loader does', async () => {
    expect((await inside('grub-fstest', '--version')).stdout).toContain(grubVersion);
    for (const [path, copy] of [
      ['/large', 'large'],
      ['/link', 'large'],
      ['/far-link', 'large'],
      ['/sparse', 'sparse'],
      ['/pieces/second', 'pieces'],
    ] as const) {
      const { exitCode, stderr } = await inside('grub-fstest', image, 'cmp', path, join(scratch, copy));
      expect(exitCode, `${path}: ${stderr}`).toBe(0);
    }
    const levels = Array.from({ length: depth }, (_, index) => `level-${depth - 1 - index}`);
    expect((await inside('grub-fstest', image, 'cat', `/deep/${levels.join('/')}/end`)).stdout).toBe('the end');
    expect((await inside('grub-fstest', image, 'cat', `/many/${'29999'.padStart(80, 'n')}`)).stdout).toBe('29999');
  });
});
