import { z } from 'zod';
import { diskLayoutSchema } from '../../contract/disk-layout.ts';
import { diskConfigSchema } from '../../contract/image-config.ts';
import { platformsSchema } from '../../contract/platforms.ts';
import { architectureNames } from '../../lib/architecture.ts';
import { isDigest } from '../../lib/digest.ts';

const count = z.int().nonnegative();
const checksum = z.string().regex(/^[0-9a-f]{64}$/);
const extent = z.object({ offset: count, length: count.positive() });
const owner = { path: z.string(), uid: count, gid: count, mode: count };

/** What lies beside a base disk: everything that platforms' disks need of the container. */
export const baseDiskRecordSchema = z.object({
  container: z.object({
    digest: z.string().refine(isDigest),
    name: z.string(),
    version: z.string(),
    architecture: z.enum(architectureNames),
    timestamp: count,
    followed: z.string().optional(),
  }),
  commit: checksum,
  sectorSize: z.literal([512, 4096]),
  config: diskConfigSchema,
  layout: diskLayoutSchema,
  platforms: platformsSchema,
  ignitionPlatforms: z.array(z.string()).optional(),
  /** Bytes of the root filesystem. */
  rootBytes: count,
  /** Of the disk's file. */
  extents: z.array(extent),
  deployment: z.object({
    stateroot: z.string(),
    bootChecksum: checksum,
    title: z.string(),
    kernelRelease: z.string(),
    readsEntries: z.boolean(),
    bootupdState: z.string().optional(),
    deviceTree: z.enum(['devicetree', 'dtb']).optional(),
    directories: z.array(z.object(owner)),
  }),
  /** In the order in which their contents were stored. */
  bootFiles: z.array(z.object({ ...owner, size: count, extents: z.array(extent) })),
  /** Contexts of SELinux by the paths of the boot filesystem in the running system; where the system is labelled. */
  bootContexts: z.record(z.string(), z.string()).optional(),
  efiVendors: z.array(z.string()),
  espFiles: z.array(z.object({ path: z.string(), size: count, extents: z.array(extent) })),
  /** In base64, for the first sector; where disks start by BIOS. */
  bootCode: z.base64().optional(),
  /** GRUB's configuration on live media, where the container brings one. */
  liveMenu: z.string().optional(),
  /** In base64: GRUB for BIOS on live media, where the container has it. */
  liveBios: z.object({ eltorito: z.base64(), hybrid: z.base64() }).optional(),
});

export type BaseDiskRecord = z.output<typeof baseDiskRecordSchema>;
