import { z } from 'zod';
import { prettyJson } from '../lib/canonical-json.ts';

/** The filesystems that a config's own partition may have; Ignition can make one in those that have none. */
export const partitionFilesystems = ['ext4', 'xfs', 'btrfs', 'vfat', 'none'] as const;

type PartitionFilesystem = (typeof partitionFilesystems)[number];

/** Names of the partitions that a disk has anyway, of whatever architecture. */
export const systemPartitions = ['BIOS-BOOT', 'EFI-SYSTEM', 'boot', 'reserved', 'root'] as const;

const mebibyte = 1024 * 1024;
const units = { MiB: mebibyte, GiB: 1024 * mebibyte, TiB: 1024 * 1024 * mebibyte } as const;
/** Of a partition, and of all together: larger is a mistake, or an attack. */
const maximumSize = 16 * 1024 * 1024 * mebibyte;

/** A partition table has 128 entries. */
const maximumPartitions = 100;
const maximumPathLength = 200;

/**
 * Larger, ext4 has another layout, which only the kernel makes while it grows; FAT cannot number its clusters; XFS is made
 * with two allocation groups, each below 1 TiB; and XFS and btrfs are looked through for what is in them.
 */
const mostBytes = { ext4: 4 * units.TiB, vfat: units.TiB, xfs: units.TiB, btrfs: units.TiB } as const;

interface Limits {
  leastMebibytes: number;
  /** Bytes. */
  most: number;
  label: RegExp;
  labelText: string;
}

/**
 * What each filesystem needs to exist, how large it can be, and how long a label it can hold: the partition's becomes the
 * filesystem's, too.
 */
const limits: Readonly<Record<PartitionFilesystem, Limits>> = {
  ext4: { leastMebibytes: 40, most: mostBytes.ext4, label: /^.{1,16}$/, labelText: 'at most 16 characters' },
  xfs: { leastMebibytes: 300, most: mostBytes.xfs, label: /^.{1,12}$/, labelText: 'at most 12 characters' },
  btrfs: { leastMebibytes: 128, most: mostBytes.btrfs, label: /^.*$/, labelText: '' },
  vfat: {
    leastMebibytes: 34,
    most: mostBytes.vfat,
    label: /^[^.]{1,11}$/,
    labelText: 'at most 11 characters, none of them a dot,',
  },
  none: { leastMebibytes: 1, most: maximumSize, label: /^.*$/, labelText: '' },
};

const sizePattern = /^(\d{1,8}) ?(MiB|GiB|TiB)$/;

/** A size with its unit, as bytes. A number is told the same as any other mistake: which unit it means nobody knows. */
const size = z
  .unknown()
  .transform((value, context) => {
    const [, count, unit] = (typeof value === 'string' ? sizePattern.exec(value) : undefined) ?? [];
    if (count !== undefined) return Number(count) * units[unit as keyof typeof units];
    context.addIssue({ code: 'custom', message: 'must be a size such as "8 GiB" or "512 MiB"' });
    return z.NEVER;
  })
  .refine((bytes) => bytes > 0, { error: 'must be above 0' })
  .refine((bytes) => bytes <= maximumSize, { error: `must be at most ${sizeText(maximumSize)}` });

const between = (mebibytes: number, most: number) =>
  size
    .refine((bytes) => bytes >= mebibytes * mebibyte, { error: `must be at least ${mebibytes} MiB` })
    .refine((bytes) => bytes <= most, { error: `must be at most ${sizeText(most)}` });

// Characters that udev leaves as they are in the names of links, and that mean nothing in a unit file.
const label = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,35}$/, {
  error: 'must be 1 to 36 letters, digits, dots, "_" and "-", a letter or digit first',
  abort: true,
});

const mount = z
  .string()
  .max(maximumPathLength, { error: `must have at most ${maximumPathLength} characters` })
  .regex(/^\/var(\/[A-Za-z0-9_][A-Za-z0-9._-]*)+$/, {
    error: 'must be a path below /var, of letters, digits, dots, "_" and "-"',
    abort: true,
  });

/**
 * Places that nothing may be mounted on: homes are written by Ignition before anything is mounted there, the others are
 * links or hold the system's own state.
 */
const systemPlaces = /^\/var\/((home|roothome|run|lock)(\/.*)?|lib)$/;

/** The keys of a partition of one's own. */
export const partitionKeys = {
  label: { schema: label },
  size: { schema: size },
  filesystem: { schema: z.enum(partitionFilesystems), default: 'ext4' },
  mount: { schema: mount },
} as const;

const partition = z.strictObject({
  label: partitionKeys.label.schema,
  size: partitionKeys.size.schema,
  filesystem: partitionKeys.filesystem.schema.default(partitionKeys.filesystem.default),
  mount: partitionKeys.mount.schema.optional(),
});

/** The keys of disk.yaml, which are those of disk.json; sizes are texts, of which reading makes bytes. */
export const diskLayoutKeys = {
  /** The EFI system partition. The least holds FAT32. */
  'efi-system': { schema: z.strictObject({ size: between(34, mostBytes.vfat) }), default: { size: '127 MiB' } },
  boot: { schema: z.strictObject({ size: between(128, mostBytes.ext4) }), default: { size: '384 MiB' } },
  /** The least: root takes the rest of the disk. */
  root: { schema: z.strictObject({ size }), default: { size: '64 MiB' } },
  partitions: {
    schema: z.array(partition).max(maximumPartitions, { error: `must be at most ${maximumPartitions}` }),
    default: [],
  },
} as const;

const keys = diskLayoutKeys;

/**
 * What a config says of its disks. Unlike in image.json an unknown key is an error in disk.json, too: it would make the
 * disk another one.
 */
export const diskLayoutSchema = z
  .strictObject({
    'efi-system': keys['efi-system'].schema.prefault(keys['efi-system'].default),
    boot: keys.boot.schema.prefault(keys.boot.default),
    root: keys.root.schema.prefault(keys.root.default),
    partitions: keys.partitions.schema.default([]),
  })
  .superRefine(checkPartitions);

/** Sizes are bytes, all multiples of 1 MiB. */
export type DiskLayout = z.output<typeof diskLayoutSchema>;

/** A partition of a config's own. */
type LayoutPartition = DiskLayout['partitions'][number];

/** The disk of a config that says nothing of it. */
export const defaultDiskLayout: DiskLayout = diskLayoutSchema.parse({});

function checkPartitions(
  {
    partitions,
    ...system
  }: Record<'efi-system' | 'boot' | 'root', { size: number }> & {
    partitions: readonly LayoutPartition[];
  },
  context: z.RefinementCtx,
) {
  const sizes = [...Object.values(system), ...partitions].map(({ size }) => size);
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  // One that is too large by itself is told of already.
  if (whole > maximumSize && sizes.every((size) => size <= maximumSize)) {
    const message = `must leave all partitions at most ${sizeText(maximumSize)} together, not ${sizeText(whole)}`;
    context.addIssue({ code: 'custom', path: partitions.length > 0 ? ['partitions'] : ['root', 'size'], message });
  }
  const labels = new Set<string>();
  const mounts = new Set<string>();
  const reserved = new Set(systemPartitions.map((name) => name.toLowerCase()));
  for (const [index, { label, size, filesystem, mount }] of partitions.entries()) {
    const complain = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: ['partitions', index, key], message });
    const limit = limits[filesystem];
    // Names that differ in their case alone would be taken for each other.
    if (reserved.has(label.toLowerCase())) {
      complain('label', `must be a name that the system's own partitions do not have (${systemPartitions.join(', ')})`);
    } else if (labels.has(label.toLowerCase())) {
      complain('label', 'must be a name that no other partition has');
    } else if (!limit.label.test(label)) {
      complain('label', `must have ${limit.labelText} for ${filesystem}`);
    }
    labels.add(label.toLowerCase());
    if (size < limit.leastMebibytes * mebibyte) {
      complain('size', `must be at least ${limit.leastMebibytes} MiB for ${filesystem}`);
    } else if (size > limit.most) {
      complain('size', `must be at most ${sizeText(limit.most)} for ${filesystem}`);
    }
    if (mount === undefined) continue;
    if (filesystem === 'none') complain('mount', 'must be left out where there is no filesystem');
    else if (systemPlaces.test(mount)) complain('mount', "must be a place that is not the system's own");
    else if (mounts.has(mount)) complain('mount', 'must be a place that no other partition has');
    mounts.add(mount);
  }
}

/** The text of disk.json. */
export function diskLayoutText(layout: DiskLayout): string {
  const { partitions, 'efi-system': efiSystem, boot, root } = layout;
  const sized = <Part extends { size: number }>(part: Part) => ({ ...part, size: sizeText(part.size) });
  return prettyJson({
    'efi-system': sized(efiSystem),
    boot: sized(boot),
    root: sized(root),
    partitions: partitions.map(sized),
  });
}

/** A size with its unit, which the schema reads back. */
export function sizeText(bytes: number): string {
  const whole = (['TiB', 'GiB'] as const).find((unit) => bytes % units[unit] === 0) ?? 'MiB';
  return `${bytes / units[whole]} ${whole}`;
}
