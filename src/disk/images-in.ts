import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../lib/digest.ts';
import { namesIn } from '../lib/files.ts';
import { ifExists } from '../lib/if-exists.ts';
import { compareBytes } from '../lib/order.ts';
import { readTextIfExists } from '../lib/text-file.ts';
import { type DiskImageRecord, parseRecord } from './record.ts';

/** A disk image in a directory, with the text of its record. */
export interface RecordedDiskImage {
  /** Path of its first file. */
  path: string;
  record: DiskImageRecord;
  recordText: string;
}

/**
 * The disk images of a container that lie in a directory, in the order of their paths. They are what their records say
 * only as far as their sizes show.
 */
export async function recordedImagesIn(directory: string, container: Digest): Promise<RecordedDiskImage[]> {
  const names = (await namesIn(directory)).filter((name) => name.endsWith('.json'));
  const images = await Promise.all(names.map((name) => imageAt(directory, name, container)));
  return images.filter((image) => image !== undefined).sort((a, b) => compareBytes(a.path, b.path));
}

async function imageAt(
  directory: string,
  recordName: string,
  container: Digest,
): Promise<RecordedDiskImage | undefined> {
  const recordText = await readTextIfExists(join(directory, recordName));
  const record = recordText === undefined ? undefined : parseRecord(recordText);
  if (recordText === undefined || record?.container.digest !== container) return undefined;
  const sizes = await Promise.all(record.files.map(({ name }) => ifExists(stat(join(directory, name)))));
  if (record.files.some(({ size }, index) => sizes[index]?.size !== size)) return undefined;
  const [{ name }] = record.files as [(typeof record.files)[number]];
  return { path: join(directory, name), record, recordText };
}
