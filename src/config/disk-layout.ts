import { join } from 'node:path';
import {
  diskLayoutKeys as contract,
  type DiskLayout,
  diskLayoutSchema,
  partitionKeys as partition,
  sizeText,
} from '../contract/disk-layout.ts';
import { validate } from '../lib/document/validate.ts';
import { readYaml } from '../lib/document/yaml.ts';
import { usageError } from '../lib/errors.ts';
import type { KeyTable } from './key-table.ts';
import { oneOf, valueType } from './value-types.ts';

const gibibyte = 1024 ** 3;

/** Keys of disk.yaml. */
export const diskKeys = {
  'efi-system': {
    type: valueType('map with `size`', contract['efi-system'].schema),
    family: 'any',
    description: 'The EFI system partition: how large it is.',
    example: '{size: 256 MiB}',
    default: contract['efi-system'].default,
  },
  boot: {
    type: valueType('map with `size`', contract.boot.schema),
    family: 'any',
    description: 'The boot partition, which holds kernels and initramfs of all deployments: how large it is.',
    example: '{size: 1 GiB}',
    default: contract.boot.default,
  },
  root: {
    type: valueType('map with `size`', contract.root.schema),
    family: 'any',
    description:
      'The root partition: its least size, of the smallest image. It takes the rest of the disk anyway, and more when the disk grows.',
    example: '{size: 4 GiB}',
    default: contract.root.default,
  },
  partitions: {
    type: valueType('list of partitions', contract.partitions.schema),
    family: 'any',
    description:
      'Partitions besides those that a disk has anyway. They get the numbers from 5 on in this order, and lie in front of the root partition, which can grow.',
    example: '[{label: containers, size: 4 GiB, filesystem: xfs, mount: /var/lib/containers}]',
    default: contract.partitions.default,
  },
} as const satisfies KeyTable;

/** Keys of one of the partitions in disk.yaml. */
export const diskPartitionKeys = {
  label: {
    type: valueType('1 to 36 letters, digits, dots, "_" and "-"', partition.label.schema),
    family: 'any',
    description:
      'Name of the partition, as in `/dev/disk/by-partlabel`, and of its filesystem, which holds 16 characters (ext4), 12 (xfs) or 11 (vfat).',
    example: 'containers',
  },
  size: {
    type: valueType('size in `MiB`, `GiB` or `TiB`', partition.size.schema),
    family: 'any',
    description:
      'Size of the partition, which it keeps: at least 34 MiB (vfat), 40 MiB (ext4), 128 MiB (btrfs) or 300 MiB (xfs), and at most 4 TiB (ext4) or 1 TiB (the others). All of a disk together have at most 16 TiB.',
    example: '4 GiB',
  },
  filesystem: {
    type: oneOf(partition.filesystem.schema),
    family: 'any',
    description:
      'The filesystem that it has from the beginning, empty. `none` leaves it to Ignition, which can also encrypt it.',
    example: 'xfs',
    default: partition.filesystem.default,
  },
  mount: {
    type: valueType('path below `/var`', partition.mount.schema),
    family: 'any',
    description:
      'Where the system mounts it. Not in `/var/home` and `/var/roothome`, where Ignition writes before: a config for Ignition can have it mounted there.',
    example: '/var/lib/containers',
  },
} as const satisfies KeyTable;

/**
 * Reads `disk.yaml`.
 * @param imageSize `size` of image.yaml, in GiB
 * @returns undefined without the file
 * @throws CosaError `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE` (exit 2) with a position
 */
export async function loadDiskLayout(base: string, imageSize: number): Promise<DiskLayout | undefined> {
  const file = await readYaml(join(base, 'disk.yaml'));
  if (file === undefined) return undefined;
  const layout = validate(diskLayoutSchema, file);
  const { partitions, 'efi-system': efiSystem, boot, root } = layout;
  const needed = [efiSystem, boot, root, ...partitions].reduce((sum, { size }) => sum + size, 0);
  if (needed >= imageSize * gibibyte) {
    const message = `the partitions take ${sizeText(needed)}, and disks have ${imageSize} GiB`;
    throw usageError('CONFIG_VALUE', message, {
      where: file.valuePosition(['partitions']),
      hint: `set "size" in image.yaml to ${Math.ceil((needed + 1) / gibibyte)} (GiB) or more, or make partitions smaller`,
    });
  }
  return layout;
}
