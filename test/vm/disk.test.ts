import { mkdtemp, open, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run, tryRun } from '../../src/exec/run.ts';
import { machineEmulator } from '../../src/exec/tools/machine-tools.ts';
import { qemuSandbox } from '../../src/exec/tools/qemu.ts';
import { tools } from '../../src/exec/tools.ts';
import { pc } from '../../src/lib/architecture/virtual-machine.ts';
import { blockDevice, createOverlay } from '../../src/vm/disk.ts';

let directory: string;
let image: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-disk-'));
  image = join(directory, 'image.qcow2');
  await writeFile(join(directory, 'secret'), Buffer.alloc(1024 * 1024, 'secret '));
});
afterEach(() => rm(directory, { recursive: true }));

const create = (...args: string[]) => run(tools.qemuImg, ['create', '-q', '-f', 'qcow2', ...args]);

async function overwrite(position: number, bytes: readonly number[]): Promise<void> {
  await using handle = await open(image, 'r+');
  await handle.write(Uint8Array.from(bytes), 0, bytes.length, position);
}

describe('a disk image is refused', () => {
  const secret = () => join(directory, 'secret');
  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['with a backing file', () => create('-b', secret(), '-F', 'raw', image), 'DISK_REFERENCE', /a backing file/],
    [
      'of the old version with one',
      () => create('-o', 'compat=0.10', '-b', secret(), '-F', 'raw', image),
      'DISK_REFERENCE',
      /a backing file/,
    ],
    [
      'with one on another machine',
      () => create('-u', '-b', 'nbd://192.0.2.1/x', '-F', 'raw', image, '1M'),
      'DISK_REFERENCE',
      /a backing file/,
    ],
    [
      'with one that is a description',
      () => create('-u', '-b', `json:{"driver":"file","filename":"${secret()}"}`, '-F', 'raw', image, '1M'),
      'DISK_REFERENCE',
      /a backing file/,
    ],
    [
      'with a data file',
      () => create('-o', `data_file=${join(directory, 'data')}`, image, '1M'),
      'DISK_REFERENCE',
      /an external data file/,
    ],
    [
      'with a data file that is raw',
      () => create('-o', `data_file=${join(directory, 'data')},data_file_raw=on`, image, '1M'),
      'DISK_REFERENCE',
      /an external data file/,
    ],
    [
      'with a feature of tomorrow',
      async () => {
        await create(image, '1M');
        await overwrite(72, [0, 0, 0, 0, 0, 0, 1, 0]);
      },
      'DISK_INVALID',
      /features that nobody knows/,
    ],
    [
      'of version 4',
      async () => {
        await create(image, '1M');
        await overwrite(4, [0, 0, 0, 4]);
      },
      'DISK_INVALID',
      /its version is 4/,
    ],
    [
      'cut off',
      async () => {
        await create(image, '1M');
        await truncate(image, 80);
      },
      'DISK_INVALID',
      /it ends within its header/,
    ],
    ['that is empty', () => writeFile(image, ''), 'DISK_INVALID', /it does not begin as one/],
    ...['vmdk', 'qed', 'vdi', 'raw'].map((format): [string, () => Promise<unknown>, string, RegExp] => [
      `that is ${format}`,
      () => run(tools.qemuImg, ['create', '-q', '-f', format, image, '1M']),
      'DISK_INVALID',
      /it does not begin as one/,
    ]),
  ])('%s', async (_, make, code, message) => {
    await make();
    await expect(createOverlay(image, directory)).rejects.toMatchObject({
      code,
      exitStatus: 4,
      message: expect.stringMatching(message),
    });
  });
});

test('what begins as another format is raw by its name, and is not read as that', async () => {
  await create('-b', join(directory, 'secret'), '-F', 'raw', image);
  const raw = join(directory, 'image.raw');
  await rename(image, raw);
  const overlay = await createOverlay(raw, directory);
  expect(overlay.base).toEqual({ path: raw, format: 'raw', isDevice: false });
});

test.each([512, 4096] as const)(
  'a raw disk whose partition table is for sectors of %i bytes has such',
  async (size) => {
    const raw = join(directory, 'image.raw');
    await writeFile(raw, '');
    await truncate(raw, 2 ** 20);
    await using handle = await open(raw, 'r+');
    await handle.write('EFI PART', size);
    expect((await createOverlay(raw, directory)).sectorSize).toBe(size);
  },
);

test('QEMU reads the image, and nothing that its header names by then', async () => {
  await create(image, '1M');
  const overlay = await createOverlay(image, directory, 4096);
  expect(overlay.size).toBe(1024 * 1024 + 4096);
  await create('-b', join(directory, 'secret'), '-F', 'raw', image);
  // Stopped, without a guest; told to end at once.
  const machine = ['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'none', '-S', ...qemuSandbox];
  const commands = ['qmp_capabilities', 'query-named-block-nodes', 'quit'];
  const { stdout } = await tryRun(
    machineEmulator(pc),
    [...machine, '-blockdev', blockDevice(overlay, 'disk'), '-qmp', 'stdio'],
    {
      input: commands.map((execute) => `${JSON.stringify({ execute })}\n`).join(''),
    },
  );
  const answers = stdout.split('\n').filter((line) => line.includes('"return": ['));
  const [nodes] = answers.map((line) => (JSON.parse(line) as { return: { file: string; drv: string }[] }).return);
  const opened = nodes?.filter(({ drv }) => drv === 'file').map(({ file }) => file);
  expect(opened?.sort()).toEqual([join(directory, 'disk.qcow2'), image]);
  expect(nodes).toHaveLength(4);
});
