import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { machineEmulator } from '../../src/exec/tools/machine-tools.ts';
import { pc } from '../../src/lib/architecture/virtual-machine.ts';
import { acceleratorArguments } from '../../src/vm/accelerator.ts';
import { ask, check, clean, makeImage, summary } from '../disk/filesystems/ext4/image.ts';
import { directory, file } from '../disk/filesystems/tree.ts';
import { debianRoot, runInside } from '../helpers/debian-root.ts';

// A mounted filesystem grows by its kernel, which not every machine lets its root ask for: a kernel of our own does it.

/** What the kernel runs first: it says on the console what it did. */
const init = `#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b insmod /virtio_blk.ko
$b mount -t ext4 /dev/vda /mnt && resize2fs /dev/vda && echo GROWN
for number in 1 2 3 4 5 6 7 8; do
  $b mkdir /mnt/d$number && $b dd if=/dev/urandom of=/mnt/d$number/file bs=1M count=2
done
$b umount /mnt && echo DONE
$b poweroff -f
`;

/** Makes the initramfs, in the Debian that has all of it. */
const pack = `
mkdir -p files/bin files/dev files/proc files/mnt files/lib64 files/lib/x86_64-linux-gnu
cp init files/init
chmod 755 files/init
cp /bin/busybox /sbin/resize2fs files/bin
cp -L /lib64/ld-linux-x86-64.so.2 files/lib64
for library in libc.so.6 libcom_err.so.2 libe2p.so.2 libext2fs.so.2; do
  cp -L /lib/x86_64-linux-gnu/$library files/lib/x86_64-linux-gnu
done
busybox xz -dc /lib/modules/*/kernel/drivers/block/virtio_blk.ko.xz > files/virtio_blk.ko
cp /boot/vmlinuz-* kernel
cd files
busybox find . | busybox cpio -o -H newc > ../initramfs
`;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-ext4-growth-'));
  const packages = ['linux-image-cloud-amd64', 'busybox-static', 'e2fsprogs'];
  const root = await debianRoot({ suite: 'trixie', packages, state: 'unpacked' });
  await writeFile(join(scratch, 'init'), init);
  const packed = await runInside(root, ['busybox', 'sh', '-ceu', pack], { cwd: scratch, shared: [scratch] });
  expect(packed.exitCode, packed.stderr).toBe(0);
});
afterAll(() => rm(scratch, { recursive: true }));

it('a filesystem of 3 GiB grows to 2 TiB while it is mounted', async () => {
  const image = join(scratch, 'image');
  const files = Array.from({ length: 3000 }, (_, index) => [`${index}`, file(`content of ${index}`)] as const);
  await makeImage(image, directory({ files: directory({}, { entries: new Map(files) }) }), { size: 3 * 2 ** 30 });
  await truncate(image, 2 ** 41);

  const log = join(scratch, 'console');
  const drive = `file=${image},format=raw,if=virtio,cache=unsafe`;
  await run(machineEmulator(pc), [
    ...acceleratorArguments('tcg', pc),
    ...['-m', '1024', '-smp', '2', '-display', 'none', '-no-reboot', '-nic', 'none'],
    ...['-kernel', join(scratch, 'kernel'), '-initrd', join(scratch, 'initramfs')],
    ...['-append', 'console=ttyS0 quiet panic=-1', '-serial', `file:${log}`, '-drive', drive],
  ]);
  const said = await readFile(log, 'utf8');
  expect(said).toContain(`The filesystem on /dev/vda is now ${2 ** 29} (4k) blocks long.`);
  expect(said).toContain('GROWN');
  expect(said).toContain('DONE');

  expect(await check(image)).toMatchObject(clean);
  const { 'Filesystem features': features, ...sizes } = await summary(image);
  expect(sizes).toMatchObject({ 'Block count': `${2 ** 29}`, 'Reserved GDT blocks': '256' });
  // The kernel had room enough not to change the layout.
  expect(features).toContain('resize_inode');
  expect(features).not.toContain('meta_bg');
  expect(await ask(image, 'cat /files/2999')).toBe('content of 2999');
});
