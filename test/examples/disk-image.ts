import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { makeImage } from '../disk/filesystems/ext4/image.ts';
import { directory, file } from '../disk/filesystems/tree.ts';
import { program } from '../integration/fixture.ts';

export interface Part {
  label: string;
  uuid: string;
  type: 'ext4' | 'xfs' | 'btrfs';
  /** MiB. */
  size: number;
  /** True for the type of an EFI system partition; its filesystem may be another one, for not every kernel has FAT. */
  isEsp?: boolean;
}

export const diskUuid = '00000000-0000-4000-a000-000000000001';
const espType = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';

/** Those that are not ours. */
const makers: Readonly<Record<Exclude<Part['type'], 'ext4'>, (part: Part) => string>> = {
  xfs: ({ label, uuid }) => `mkfs.xfs -q -L ${label} -m uuid=${uuid}`,
  btrfs: ({ label, uuid }) => `mkfs.btrfs -q -L ${label} -U ${uuid}`,
};

/** Runs a script of bash, which must succeed. */
const shell = (script: string) => run(program('bash'), ['--norc', '-c', `set -euo pipefail\n${script}`]);

/**
 * A disk with these partitions, which the test removes with its directory. Filesystems of ext4 are made by cosa, and hold a file.
 * @param size MiB; unless given, what the partitions need
 * @returns the path of the raw image
 */
export async function diskImage(parts: readonly Part[], size?: number): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'cosa-first-boot-'));
  onTestFinished(() => rm(scratch, { recursive: true, force: true }));
  const image = join(scratch, 'disk');
  const needed = parts.reduce((sum, part) => sum + part.size, 0) + 2;
  const lines = parts.map(({ label, size, isEsp = false }) => {
    const partitionType = isEsp ? `, type=${espType}` : '';
    return `size=${size}M, name=${label}${partitionType}\\n`;
  });
  await shell(`truncate --size ${needed}M ${image}
    printf 'label: gpt\\nlabel-id: ${diskUuid}\\n${lines.join('')}' | sfdisk --quiet ${image}`);
  let offset = 1;
  for (const part of parts) {
    const filesystem = join(scratch, part.label);
    if (part.type === 'ext4') {
      await makeImage(filesystem, directory({ content: file('the content\n') }), { ...part, size: part.size << 20 });
    } else {
      await shell(`truncate --size ${part.size}M ${filesystem}; ${makers[part.type](part)} ${filesystem}`);
    }
    await shell(
      `dd if=${filesystem} of=${image} bs=1M seek=${offset} conv=notrunc,sparse status=none; rm ${filesystem}`,
    );
    offset += part.size;
  }
  if (size !== undefined) await shell(`truncate --size ${size}M ${image}`);
  return image;
}
