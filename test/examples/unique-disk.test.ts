import { copyFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { diskImage, diskUuid } from './disk-image.ts';
import { attach, initramfsScripts, runOnDisks } from './own-devices.ts';

const script = `${initramfsScripts}/coreos-unique-disk.sh`;
const boot = { label: 'boot', uuid: '96d15588-3596-4b3c-adca-a2ff7279ea63', type: 'ext4', size: 64 } as const;
const root = { label: 'root', uuid: '910678ff-f77e-4a7d-8d53-86f2ac47a823' } as const;
const anyUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test.each([
  ['ext4', 'e2fsck -fn'],
  ['xfs', 'xfs_repair -n'],
  ['btrfs', 'btrfs check --readonly'],
] as const)('a disk with a root of %s gets identifiers of its own, and has no fault', async (type, check) => {
  // The disk is larger than its image: the second copy of the partition table is not at its end.
  const [disk = ''] = await attach(await diskImage([boot, { ...root, type, size: 400 }], 700));
  const { stdout, stderr, exitCode } = await runOnDisks(
    [disk],
    `${script} >&2
     echo $(uuid $1p1) $(uuid $1p2) $(blkid --probe --output value --match-tag PTUUID $1)
     sgdisk --verify $1
     e2fsck -fn $1p1 >&2
     ${check} $1p2 >&2
     mount -o ro $1p1 /mnt
     cat /mnt/content
     umount /mnt
     mount $1p2 /mnt`,
  );
  expect(exitCode, stderr).toBe(0);
  const all = stdout.split('\n', 1)[0]?.split(' ') ?? [];
  for (const identifier of all) expect(identifier).toMatch(anyUuid);
  expect(new Set([...all, boot.uuid, root.uuid, diskUuid]).size).toBe(6);
  expect(stdout).toMatch(/^No problems found/m);
  expect(stdout).toMatch(/^the content$/m);
});

test('a second disk of the image stops the first boot with what to do, and nothing has changed', async () => {
  const image = await diskImage([boot, { ...root, type: 'ext4', size: 64 }]);
  await copyFile(image, `${image}-2`);
  const disks = await attach(image, `${image}-2`);
  const { stdout, stderr } = await runOnDisks(
    disks,
    `${script} || code=$?
     echo $code $(uuid $1p1) $(uuid $1p2) $(blkid --probe --output value --match-tag PTUUID $1)`,
  );
  expect(stdout.trim()).toBe(`1 ${boot.uuid} ${root.uuid} ${diskUuid}`);
  expect(stderr).toBe(
    `coreos-unique-disk: 2 filesystems have the label "boot": ${disks
      .map((disk) => `${disk}p1`)
      .sort()
      .join(' ')}\n` +
      'coreos-unique-disk: a first boot needs exactly one. Detach the other disks until it is done, or wipe them (wipefs --all).\n',
  );
});
