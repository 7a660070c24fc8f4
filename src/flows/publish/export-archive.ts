import { resolve } from 'node:path';
import { labelNames } from '../../contract/labels.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { type Digest, digestHex } from '../../lib/digest.ts';
import { CosaError, usageError } from '../../lib/errors.ts';
import { formatBytes } from '../../lib/format.ts';
import { exists } from '../../lib/if-exists.ts';
import { openArchive, writeImageArchive } from '../../oci/archive.ts';
import { type Image, labelOf } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { isTag } from '../../oci/tag.ts';
import { runStep } from '../../progress/step.ts';
import { resolveAdmittedImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';

export interface ExportArchiveOptions {
  /** Where the command runs; a relative `file` starts there. */
  directory: string;
  file: string;
  /** Reference of the container; the newest build unless given. */
  from?: string | undefined;
  /** Which image of several; this machine's unless given. */
  architecture?: ArchitectureName | undefined;
  /** Replace another file. */
  force: boolean;
}

export interface ExportedArchive {
  /** Absolute. */
  file: string;
  digest: Digest;
  /** The container's name in the archive. */
  tag: string;
  /** False if the file was the same already. */
  written: boolean;
}

/**
 * Writes a container into an archive of its own, that every tool reads as `oci-archive:FILE`. The same container gives the
 * same bytes. A file that holds just it stays as it is.
 * @throws CosaError `OUTPUT_EXISTS` (exit 2), what `resolveAdmittedImage` and `writeImageArchive` throw
 */
export async function exportArchive(session: Session, options: ExportArchiveOptions): Promise<ExportedArchive> {
  const { directory, from, architecture, force } = options;
  const { reference, image } = await resolveAdmittedImage(session, directory, from, architecture);
  const file = resolve(directory, options.file);
  const tag = archiveTag(image);
  const result = { file, digest: image.descriptor.digest, tag };
  if (await exists(file)) {
    if (await holdsJust(file, image, tag)) return { ...result, written: false };
    if (!force) {
      throw usageError('OUTPUT_EXISTS', `${file} is there already, and holds something else`, {
        hint: 'name another file, or replace it with --force',
      });
    }
  }
  await archiveImage(session, file, { reader: reference.reader, image });
  return { ...result, written: true };
}

/** The name that a container has in an archive of its own: its version, or what begins its digest. */
function archiveTag(image: Image): string {
  const version = labelOf(image, labelNames.version);
  return version !== undefined && isTag(version) ? version : digestHex(image.descriptor.digest).slice(0, 12);
}

/** Writes the archive as a step with progress. Errors as `writeImageArchive`. */
export async function archiveImage(
  session: Session,
  file: string,
  from: { reader: ContentReader; image: Image },
): Promise<void> {
  const { manifest, descriptor } = from.image;
  const total = [descriptor, manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
  await runStep(session, 'write an archive of the container', async (reporter) => {
    let done = 0;
    const onBytes = (bytes: number) => {
      done += bytes;
      reporter.progress(done, total, 'bytes');
    };
    await writeImageArchive(file, from, archiveTag(from.image), { signal: reporter.signal, onBytes });
    reporter.note(formatBytes(total));
  });
}

/** True if nothing would change: of its blobs the lengths are looked at. */
async function holdsJust(file: string, { descriptor, manifest }: Image, tag: string): Promise<boolean> {
  try {
    const reader = await openArchive(file);
    const tags = await reader.listTags();
    if (tags.size !== 1 || tags.get(tag)?.digest !== descriptor.digest) return false;
    if ((await reader.untagged()).length > 0) return false;
    const blobs = [descriptor, manifest.config, ...manifest.layers];
    const there = await Promise.all(blobs.map(({ digest, size }) => reader.hasBlob(digest, size)));
    return there.every(Boolean);
  } catch (error) {
    // It is no archive, or a damaged one.
    if (error instanceof CosaError) return false;
    throw error;
  }
}
