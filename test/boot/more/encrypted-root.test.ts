import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { builtWorkDirectory, cosaOk, testWork } from '../../integration/fixture.ts';
import { bootDisk } from '../boot-disk.ts';
import { emulatedTpm } from '../emulated-tpm.ts';
import { expectOwnRoot } from '../own-root.ts';

/** Of what `cosa image build --json` says of an image. */
interface BuiltImage {
  path: string;
  container: { 'ostree-commit': string };
}

test('Ignition encrypts the root: it keeps its content, fills the disk, and opens by itself at the next boot', async () => {
  const work = await builtWorkDirectory();
  const [image] = JSON.parse(await cosaOk(work, ['image', 'build', 'qemu', '--json'])) as [BuiltImage];
  const luks = {
    name: 'root',
    label: 'luks-root',
    device: '/dev/disk/by-partlabel/root',
    clevis: { tpm2: true },
    wipeVolume: true,
  };
  const filesystem = { device: '/dev/mapper/root', format: 'xfs', wipeFilesystem: true, label: 'root' };
  await using guest = await bootDisk({
    disk: resolve(work, image.path),
    commit: image.container['ostree-commit'],
    consoleLog: resolve(testWork, 'consoles', 'first-boot-luks.log'),
    config: { storage: { luks: [luks], filesystems: [filesystem] } },
    memory: 3072,
    tpm: await emulatedTpm(),
  });
  await expectOwnRoot(guest, { type: 'xfs', isPartition: false });
  expect(await guest.output('lsblk --noheadings --list --output NAME,TYPE /dev/mapper/root')).toMatch(/^root +crypt$/);
  const sizes = await guest.output('lsblk --noheadings --inverse --list --bytes --output SIZE /dev/mapper/root');
  const [crypt = 0, partition = 0, disk = 0] = sizes.split('\n').map(Number);
  // A header of 16 MiB, and the partitions before it.
  expect(partition - crypt).toBe(16 << 20);
  expect(disk - partition).toBeLessThan(600 << 20);
});
