import { open, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { run } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { program } from '../integration/fixture.ts';

/** Makes a raw disk of a platform's image, by its format's own tools. */
const converters: readonly { ending: string; convert(image: string, directory: string): Promise<string> }[] = [
  { ending: '.raw', convert: (image, directory) => converted('raw', image, directory) },
  { ending: '.qcow2', convert: (image, directory) => converted('qcow2', image, directory) },
  { ending: '.vmdk', convert: (image, directory) => converted('vmdk', image, directory) },
  { ending: '.vhd', convert: (image, directory) => converted('vpc', image, directory) },
  { ending: '.vhdx', convert: (image, directory) => converted('vhdx', image, directory) },
  {
    ending: '.tar.gz',
    async convert(image, directory) {
      await run(program('tar'), ['--extract', '--gzip', '--sparse', '-f', image, '-C', directory]);
      return resolve(directory, 'disk.raw');
    },
  },
  {
    ending: '.ova',
    async convert(image, directory) {
      await run(program('tar'), ['--extract', '-f', image, '-C', directory]);
      return converted('vmdk', resolve(directory, 'disk.vmdk'), directory);
    },
  },
];

async function converted(format: string, image: string, directory: string): Promise<string> {
  const disk = join(directory, `${basename(image)}.disk.raw`);
  await run(tools.qemuImg, ['convert', '-f', format, '-O', 'raw', image, disk]);
  return disk;
}

/**
 * A raw disk with the content of a platform's image, and an Ignition config where an installer puts it: no cloud is here
 * that could hand one over.
 * @param directory of the test; gets the disk
 */
export async function provisionedDisk(image: string, directory: string, config: string): Promise<string> {
  const converter = converters.find(({ ending }) => image.endsWith(ending));
  if (converter === undefined) throw new Error(`${image}: no test knows the format`);
  const disk = await converter.convert(image, directory);
  const offset = await bootPartition(disk);
  await writeFile(join(directory, 'config.ign'), config);
  const commands = join(directory, 'debugfs-commands');
  await writeFile(commands, 'mkdir ignition\nwrite config.ign ignition/config.ign\n');
  const { stdout, stderr } = await run(
    program('debugfs', 'e2fsprogs'),
    ['-w', '-f', commands, `${disk}?offset=${offset}`],
    {
      cwd: directory,
    },
  );
  if (!stdout.includes('Allocated inode')) throw new Error(`debugfs wrote nothing: ${stdout}${stderr}`);
  return disk;
}

/** Where the partition "boot" begins, in bytes (UEFI specification 5.3). */
async function bootPartition(disk: string): Promise<number> {
  await using file = await open(disk);
  for (const sectorSize of [512, 4096]) {
    const { buffer } = await file.read(Buffer.alloc(2 * sectorSize + 128 * 128), 0, undefined, 0);
    if (buffer.toString('latin1', sectorSize, sectorSize + 8) !== 'EFI PART') continue;
    for (let entry = 2 * sectorSize; entry < buffer.length; entry += 128) {
      const name = buffer.toString('utf16le', entry + 56, entry + 128).replace(/\0.*$/s, '');
      if (name === 'boot') return Number(buffer.readBigUInt64LE(entry + 32)) * sectorSize;
    }
  }
  throw new Error(`${disk} has no boot partition`);
}
