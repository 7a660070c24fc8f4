import { derivedUuid } from '../../lib/uuid.ts';
import type { BaseDisk } from '../base-disk/types.ts';
import type { Compressor } from '../compressors/compressor.ts';
import { writeImageFile } from '../image-file.ts';
import type { ImageThreads } from '../image-threads.ts';
import type { DiskForm } from '../platforms/image-form.ts';
import type { Platform } from '../platforms/platform.ts';
import type { RecordedFile } from '../record.ts';
import type { DiskSource } from '../source.ts';
import { diskFormat } from './disk-format.ts';

export interface WriteImageRequest {
  disk: DiskSource;
  platform: Platform;
  form: DiskForm;
  compressor: Compressor | undefined;
  base: BaseDisk;
  /** The image's file name without what a compressor adds. */
  fileName: string;
}

/**
 * Writes an image file, compressed where it shall be, and hashes it in the same pass.
 * @param path does not exist yet
 * @throws what `writeImageFile` throws
 */
export async function writeImage(
  { disk, platform, form, compressor, base, fileName }: WriteImageRequest,
  path: string,
  threads: ImageThreads,
  signal: AbortSignal,
): Promise<Omit<RecordedFile, 'role' | 'name'>> {
  const { digest } = base.container;
  const identity = { uuid: (purpose: string) => derivedUuid(digest, `${platform.name} ${purpose}`), fileName };
  const format = diskFormat(form, base.container, base.config);
  const options = { threads, signal, ...(compressor === undefined ? {} : { compressor }) };
  const { uncompressed, ...written } = await writeImageFile(path, options, (sink) =>
    format.write({ disk, identity, threads, signal }, sink),
  );
  if (uncompressed === undefined) return written;
  return { ...written, 'uncompressed-size': uncompressed.size, 'uncompressed-sha256': uncompressed.sha256 };
}
