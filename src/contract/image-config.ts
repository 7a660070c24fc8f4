import { z } from 'zod';
import { configuredKernelArguments, kernelArguments } from './boot-loader-text.ts';
import { oneLine, someLine } from './one-line.ts';

/** The filesystems that the root partition may have. */
export const rootFilesystems = ['ext4', 'xfs', 'btrfs'] as const;

/** The filesystems that the boot partition may have: those that every boot loader reads. */
export const bootFilesystems = ['ext4'] as const;

const compressors = z.enum(['xz', 'gzip', 'zstd', 'none']);
/** `zip` is another tool's: such images stay as they are here. */
const platformCompressors = z.enum([...compressors.options, 'zip']);

/** GiB; larger is a mistake, or an attack. */
const maximumSize = 16384;

const size = z
  .int()
  .positive({ error: 'must be above 0' })
  .max(maximumSize, { error: `must be at most ${maximumSize}` });

/**
 * The keys of image.json, with the defaults of those that have one. A config's image.yaml has the same keys, and the
 * build writes all of them; whoever makes a disk reads them from the container with the same schema.
 */
export const imageConfigKeys = {
  bootfs: { schema: z.enum(bootFilesystems), default: 'ext4' },
  rootfs: { schema: z.enum(rootFilesystems), default: 'ext4' },
  'rootfs-args': { schema: oneLine, default: '' },
  composefs: { schema: z.boolean(), default: false },
  'extra-kargs': { schema: configuredKernelArguments, default: [] },
  'ignition-network-kcmdline': { schema: configuredKernelArguments, default: [] },
  /** GiB, of cloud images. */
  size: { schema: size, default: 10 },
  /** Those whose disk images are made where none is named. */
  platforms: { schema: z.array(someLine) },
  compressor: { schema: compressors, default: 'gzip' },
  'platform-compressor': { schema: z.record(z.string(), platformCompressors), default: {} },
  'container-imgref': { schema: someLine },
  'ostree-remote': { schema: someLine },
  'ostree-format': { schema: someLine },
  'bootc-install-to-fs': { schema: z.boolean(), default: false },
  'live-rootfs-fstype': { schema: z.enum(['squashfs', 'erofs']), default: 'squashfs' },
  'live-rootfs-fsoptions': { schema: oneLine, default: '-comp zstd' },
  'vmware-os-type': { schema: someLine },
  'vmware-hw-version': { schema: z.int().positive({ error: 'must be above 0' }), default: 13 },
  'vmware-secure-boot': { schema: z.boolean(), default: true },
  'aws-imdsv2-only': { schema: z.boolean(), default: true },
  'aws-volume-type': { schema: someLine, default: 'gp3' },
  'aws-x86-boot-mode': { schema: z.enum(['uefi-preferred', 'uefi', 'legacy-bios']), default: 'uefi-preferred' },
} as const;

const keys = imageConfigKeys;

/**
 * What disks are made by, from the image.json of whatever container. What other steps or programs read is let through
 * unread. A filesystem that this version cannot make is no error yet: that of making it says more.
 */
export const diskConfigSchema = z.object({
  bootfs: oneLine.default(keys.bootfs.default),
  rootfs: oneLine.default(keys.rootfs.default),
  'rootfs-args': keys['rootfs-args'].schema.default(keys['rootfs-args'].default),
  composefs: keys.composefs.schema.default(keys.composefs.default),
  'extra-kargs': kernelArguments.default([]),
  size: keys.size.schema.default(keys.size.default),
  platforms: keys.platforms.schema.optional(),
  compressor: keys.compressor.schema.default(keys.compressor.default),
  'platform-compressor': keys['platform-compressor'].schema.default({}),
  'container-imgref': keys['container-imgref'].schema.optional(),
  'ostree-remote': keys['ostree-remote'].schema.optional(),
  'ignition-network-kcmdline': kernelArguments.default([]),
  'live-rootfs-fstype': oneLine.default(keys['live-rootfs-fstype'].default),
  'live-rootfs-fsoptions': oneLine.default(keys['live-rootfs-fsoptions'].default),
  'vmware-os-type': keys['vmware-os-type'].schema.optional(),
  'vmware-hw-version': keys['vmware-hw-version'].schema.default(keys['vmware-hw-version'].default),
  'vmware-secure-boot': keys['vmware-secure-boot'].schema.default(keys['vmware-secure-boot'].default),
  'aws-imdsv2-only': keys['aws-imdsv2-only'].schema.default(keys['aws-imdsv2-only'].default),
  'aws-volume-type': keys['aws-volume-type'].schema.default(keys['aws-volume-type'].default),
  'aws-x86-boot-mode': keys['aws-x86-boot-mode'].schema.default(keys['aws-x86-boot-mode'].default),
});

/** What disks are made by. */
export type DiskConfig = z.output<typeof diskConfigSchema>;
