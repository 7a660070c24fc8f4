import { z } from 'zod';
import { type Json, prettyJson } from '../lib/canonical-json.ts';
import { isDigest } from '../lib/digest.ts';
import { faultText, parseDocument } from '../lib/document.ts';
import { verificationError } from '../lib/errors.ts';

/** A file of a disk image. Names are those of files beside the record, and of no others. */
const fileSchema = z.object({
  /** What it is to the image: as in stream metadata, which has other parts than disks for live images. */
  role: z.enum(['disk', 'kernel', 'initramfs', 'rootfs']),
  name: z.string().refine(isFileName),
  /** Bytes. */
  size: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of a compressed one, what comes out of it. */
  'uncompressed-size': z.int().nonnegative().optional(),
  'uncompressed-sha256': z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

export type RecordedFile = z.output<typeof fileSchema>;

/** What the `.json` beside a disk image says of it: what it is, what it was made of, and what publishing it needs. */
const recordSchema = z.object({
  name: z.string(),
  version: z.string(),
  platform: z.string(),
  architecture: z.string(),
  /** The format with its compressor, as in stream metadata: `qcow2`, `qcow2.xz`. */
  format: z.string(),
  files: z.array(fileSchema).min(1),
  /** Bytes of the disk that a machine sees; of what is booted over a network, nothing. */
  'disk-size': z.int().positive().optional(),
  container: z.object({ digest: z.string().refine(isDigest), 'ostree-commit': z.string() }),
  /** `ignition.platform.id` of its kernel command line, and whether the Ignition in the container knows it. */
  ignition: z.object({ platform: z.string(), support: z.enum(['known', 'fallback', 'missing']) }),
  /** Of aws: what its images are registered with. */
  aws: z.object({ 'imdsv2-only': z.boolean(), 'volume-type': z.string(), 'boot-mode': z.string() }).optional(),
  /** Filesystem of the root partition. */
  rootfs: z.string(),
  /** Programs of the host that decided about bytes, with their versions: `mkfs.xfs 6.17.0`. */
  'host-tools': z.array(z.string()),
  /** Name and parameters of the compressor laid around the format; its program's version, where it is one of the host. */
  compression: z.string().optional(),
  /** The program that made it, with its version: `cosa 1.0.0`. */
  generator: z.string().optional(),
  /** Of a copy that a person has changed, with an Ignition config or other kernel arguments: the key of what it was. */
  customized: z.object({ of: z.string() }).optional(),
  /** Hash of everything that the image was made from. */
  key: z.string(),
});

export type DiskImageRecord = z.output<typeof recordSchema>;

/** True for a file name that leads nowhere else, and that every file system takes. */
export function isFileName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,249}$/.test(text);
}

/** The record as it is stored. */
export function formatRecord(record: DiskImageRecord): string {
  return prettyJson(record satisfies Json);
}

/** Reads a record; `undefined` for what is none, as left by another program or version. */
export function parseRecord(text: string): DiskImageRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * Reads the record of an image that came from elsewhere.
 * @param what names it in errors
 * @throws CosaError `DISK_IMAGE_INVALID` (exit 4), naming the field
 */
export function checkRecord(text: string, what: string): DiskImageRecord {
  return parseDocument(recordSchema, text, (fault) =>
    verificationError('DISK_IMAGE_INVALID', `${what} ${faultText(fault, '')}`, { cause: fault.cause }),
  );
}

/** Where the record of an image lies. @param image path of the image's first file */
export function recordPath(image: string): string {
  return `${image}.json`;
}
