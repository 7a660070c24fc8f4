import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { machineDirectory } from '../../../src/vm/prepare.ts';
import { createSshKey } from '../../../src/vm/ssh.ts';
import { requireRunning } from '../../../src/vm/suites/basic/running.ts';
import { builtWorkDirectory } from '../../integration/fixture.ts';
import { startFileServer } from '../file-server.ts';
import { bootLive, configFor, requireLive } from '../live.ts';
import { buildMedium } from '../live-media.ts';
import { networkBoot } from '../pxe.ts';

test('a machine without any disk boots over the network: kernel by TFTP, root and Ignition by HTTP, once the server is up', async () => {
  const work = await builtWorkDirectory();
  const medium = await buildMedium(work, 'live-pxe');
  const part = (role: string) =>
    join(dirname(medium.path), medium.files.find((file) => file.role === role)?.name ?? `no ${role}`);
  await using scratch = await machineDirectory();
  const key = await createSshKey(scratch.path);
  const files = { '/rootfs.img': { file: part('rootfs') }, '/config.ign': { text: configFor(key) } };
  await using server = await startFileServer(files, 2);
  const directory = join(scratch.path, 'tftp');
  await mkdir(directory);
  const boot = await networkBoot(directory, {
    kernel: part('kernel'),
    initramfs: part('initramfs'),
    rootfs: `${server.address}/rootfs.img`,
    config: `${server.address}/config.ign`,
  });
  await using guest = await bootLive({
    start: { networkBoot: boot },
    disk: { size: 1024 ** 3, sectorSize: 512 },
    firmware: 'bios',
    commit: medium.container['ostree-commit'],
    key,
    name: 'live-pxe',
  });
  await requireRunning(guest);
  await requireLive(guest);
  expect(await guest.output('findmnt --noheadings --output SIZE --target /run/coreos-live')).not.toBe('');
  // Each was told twice to come again.
  expect(server.asked.filter((path) => path === '/rootfs.img').length).toBeGreaterThan(1);
  expect(server.asked.filter((path) => path === '/config.ign').length).toBeGreaterThan(1);
});
