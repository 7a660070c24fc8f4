import { z } from 'zod';
import { type Json, prettyJson } from '../../lib/canonical-json.ts';
import { isDigest } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import type { Compressor } from './compressors.ts';
import type { DiskPlatform } from './platforms/platform.ts';

/** What the `.json` beside a disk image says of it. */
const recordSchema = z.object({
  name: z.string(),
  version: z.string(),
  platform: z.string(),
  architecture: z.string(),
  /** The format with its compressor, as in stream metadata: `qcow2`, `qcow2.xz`. */
  format: z.string(),
  /** Name of the image file, beside the record. */
  file: z.string(),
  /** Bytes. */
  size: z.number(),
  sha256: z.string(),
  /** Of a compressed image, what comes out of it. */
  'uncompressed-size': z.number().optional(),
  'uncompressed-sha256': z.string().optional(),
  container: z.object({ digest: z.string().refine(isDigest), 'ostree-commit': z.string() }),
  /** Hash of everything that the image was made from. */
  key: z.string(),
});

export type DiskImageRecord = z.output<typeof recordSchema>;

/** What names a disk image. */
export interface ArtifactName {
  name: string;
  version: string;
  architecture: string;
  platform: DiskPlatform;
  compressor: Compressor | undefined;
}

/** `qcow2`, `qcow2.xz`: the format with its compressor. */
export function artifactFormat({ platform, compressor }: Pick<ArtifactName, 'platform' | 'compressor'>): string {
  return [platform.format.extension, compressor?.extension].filter((part) => part !== undefined).join('.');
}

/**
 * The image's file name, `NAME-VERSION-PLATFORM.ARCH.EXT`.
 * @throws CosaError `NAME_INVALID` (exit 4): name and version come from the container
 */
export function artifactFileName(artifact: ArtifactName): string {
  const { name, version, architecture, platform } = artifact;
  for (const [what, part] of Object.entries({ name, version, architecture })) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/.test(part)) {
      throw verificationError(
        'NAME_INVALID',
        `the container's ${what} ${JSON.stringify(part)} cannot be part of a file name`,
      );
    }
  }
  return `${name}-${version}-${platform.name}.${architecture}.${artifactFormat(artifact)}`;
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
