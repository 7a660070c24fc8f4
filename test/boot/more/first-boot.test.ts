import { rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { tools } from '../../../src/exec/tools.ts';
import { requireRunning } from '../../../src/vm/suites/basic/running.ts';
import { builtWorkDirectory, cosaOk, program, testWork } from '../../integration/fixture.ts';
import { bootDisk, startDisk } from '../boot-disk.ts';
import { expectOwnRoot } from '../own-root.ts';

/** Of what `cosa image build --json` says of an image. */
interface BuiltImage {
  path: string;
  container: { 'ostree-commit': string };
}

const raw = join(testWork, 'first-boot.raw');
let image: { disk: string; commit: string };

beforeAll(async () => {
  const work = await builtWorkDirectory();
  const [built] = JSON.parse(await cosaOk(work, ['image', 'build', 'qemu', '--json'])) as [BuiltImage];
  image = { disk: resolve(work, built.path), commit: built.container['ostree-commit'] };
  await run(tools.qemuImg, ['convert', '-f', 'qcow2', '-O', 'raw', image.disk, raw]);
});
afterAll(() => rm(raw, { force: true }));

const consoleLog = (name: string) => resolve(testWork, 'consoles', `first-boot-${name}.log`);

test.each(['ext4', 'xfs', 'btrfs'])('Ignition makes the root anew, as %s, and it keeps its content', async (format) => {
  const filesystem = { device: '/dev/disk/by-partlabel/root', format, wipeFilesystem: true, label: 'root' };
  await using guest = await bootDisk({
    ...image,
    consoleLog: consoleLog(format),
    config: { storage: { filesystems: [filesystem] } },
    memory: 3072,
  });
  await expectOwnRoot(guest, { type: format, isPartition: true });
});

test('a first boot beside a second disk of the same image stops, and says why', async () => {
  await using started = await startDisk({ ...image, consoleLog: consoleLog('two-disks'), secondDisk: image.disk });
  const { machine } = started;
  const wait = { milliseconds: 20 * 60_000, signal: machine.stopped };
  await machine.console.waitFor(/2 filesystems have the label "boot": \/dev\/vda3 \/dev\/vdb3/, wait);
  await machine.console.waitFor(/a first boot needs exactly one/, wait);
});

test('after its first boot a system starts from its own disk, with another of the same image beside it', async () => {
  // Nobody takes it for one yet: its first MiB lies behind its end.
  const mebibytes = (await stat(raw)).size / 2 ** 20;
  await run(program('bash'), [
    '-c',
    `set -eu
     dd if=${raw} of=${raw} bs=1M count=1 seek=${mebibytes} conv=notrunc status=none
     dd if=/dev/zero of=${raw} bs=1M count=1 conv=notrunc status=none
     dd if=/dev/zero of=${raw} bs=1M count=1 seek=${mebibytes - 1} conv=notrunc status=none`,
  ]);
  await using guest = await bootDisk({
    ...image,
    consoleLog: consoleLog('beside'),
    secondDisk: raw,
    firmware: 'uefi',
  });
  await requireRunning(guest);
  await guest.output(
    `sudo dd if=/dev/vdb of=/dev/vdb bs=1M count=1 skip=${mebibytes} conv=notrunc status=none && sudo sync && sudo partx --add /dev/vdb; true`,
  );
  await guest.reboot();
  await requireRunning(guest);
  expect(
    await guest.output(
      'lsblk --noheadings --list --output LABEL | grep --extended-regexp --line-regexp "boot|root" | sort',
    ),
  ).toBe('boot\nboot\nroot\nroot');
  expect(await guest.output('findmnt --noheadings --nofsroot --output SOURCE /boot')).toBe('/dev/vda3');
  expect(await guest.output('findmnt --noheadings --nofsroot --output SOURCE /sysroot')).toBe('/dev/vda4');
  expect(await guest.output('cat /proc/cmdline')).not.toContain('ignition.firstboot');
});
