import { labelNames } from '../../contract/labels.ts';
import type { CosaError } from '../../lib/errors.ts';
import { verificationError } from '../../lib/errors.ts';
import { plural } from '../../lib/format.ts';
import { diskImageFormat } from '../../oci/disk-image.ts';
import { readManifest } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { Descriptor, Manifest } from '../../oci/types.ts';
import { readSmallBlob } from '../../oci/verified.ts';
import { isNamePart } from '../image-name.ts';
import { checkRecord, type DiskImageRecord, isFileName, type RecordedFile, recordPath } from '../record.ts';
import { platformOfRecord, recordMediaType } from './manifest.ts';
import type { OfferedDiskImage } from './offered.ts';

/** Most bytes of a record that is read: it is one or two kilobytes. */
const maximumRecordBytes = 256 * 1024;

/** A file of a disk image in a registry. */
export interface StoredFile {
  role: RecordedFile['role'];
  /** Of a file, in no directory. */
  name: string;
  /** Of its bytes. */
  blob: Descriptor;
}

/** The names of an image's files and of its record, in a directory. */
export function namesOf({ files, record }: Pick<StoredDiskImage, 'files' | 'record'>): string[] {
  const names = files.map(({ name }) => name);
  return record === undefined ? names : [...names, recordPath(names[0] ?? '')];
}

/** A disk image in a registry, of which everything but the files' bytes was read and agrees. */
export interface StoredDiskImage {
  /** Of its manifest. */
  descriptor: Descriptor;
  platform: string | undefined;
  /** As OCI spells it. */
  architecture: string | undefined;
  /** With its compressor: `qcow2.xz`. */
  format: string;
  /** The container's manifest, as far as it says. */
  subject: Descriptor | undefined;
  /** At least one. */
  files: readonly StoredFile[];
  /** With its text; others than this program store none. */
  record: { value: DiskImageRecord; text: string } | undefined;
}

/**
 * Reads a disk image's manifest and record, and checks that they, and the list that names it, say the same: what was made
 * of a container, and what is downloaded for a machine, rests on it.
 * @throws CosaError `DISK_IMAGE_INVALID` (exit 4), what `readManifest` and `readSmallBlob` throw
 */
export async function readDiskImage(
  reader: Pick<ContentReader, 'readBlob'>,
  offered: OfferedDiskImage,
): Promise<StoredDiskImage> {
  const { descriptor } = offered;
  const what = `disk image ${descriptor.digest}`;
  const manifest = await readManifest(reader, descriptor);
  const format = diskImageFormat(manifest);
  if (format === undefined) throw invalid(what, `its manifest is of type ${manifest.artifactType ?? 'none'}`);
  requireSame(what, 'format', offered.format, format);
  const files = manifest.layers.map((layer, index) => fileOf(what, layer, index));
  const { subject, config } = manifest;
  const { platform, architecture } = offered;
  if (config.mediaType !== recordMediaType) {
    if (files.length !== 1)
      throw invalid(what, `it has ${plural(files.length, 'layer')}, and no record that says what they are`);
    return { descriptor, platform, architecture, format, subject, files, record: undefined };
  }
  const text = (await readSmallBlob(reader, config, maximumRecordBytes)).toString();
  const record = checkRecord(text, `record ${config.digest} of ${what}:`);
  const meant = platformOfRecord(record);
  requireSame(what, 'format', format, record.format);
  requireSame(what, 'platform', platform, meant.os);
  requireSame(what, 'architecture', architecture, meant.architecture);
  requireSubject(what, manifest, record);
  requireFiles(what, files, record);
  return {
    descriptor,
    platform: meant.os,
    architecture: meant.architecture,
    format,
    subject,
    files: record.files.map(({ role }, index) => ({ ...(files[index] as StoredFile), role })),
    record: { value: record, text },
  };
}

function fileOf(what: string, blob: Descriptor, index: number): StoredFile {
  const name = blob.annotations?.[labelNames.title];
  if (name === undefined) throw invalid(what, `layer ${index + 1} has no title to name its file by`);
  if (!isFileName(name)) throw invalid(what, `layer ${index + 1}: ${JSON.stringify(name)} is not the name of a file`);
  return { role: 'disk', name, blob };
}

function requireSubject(what: string, { subject }: Manifest, { container }: DiskImageRecord): void {
  if (subject?.digest === container.digest) return;
  const refersTo = subject === undefined ? 'it refers to none' : `it refers to ${subject.digest}`;
  throw invalid(what, `its record is of container ${container.digest}, and ${refersTo}`);
}

function requireFiles(what: string, files: readonly StoredFile[], record: DiskImageRecord): void {
  if (record.files.length !== files.length) {
    throw invalid(
      what,
      `its record names ${plural(record.files.length, 'file')}, and it has ${plural(files.length, 'layer')}`,
    );
  }
  for (const [index, { name, size, sha256 }] of record.files.entries()) {
    const { name: title, blob } = files[index] as StoredFile;
    const layer = `layer ${index + 1}`;
    if (title !== name) throw invalid(what, `${layer} is ${title}, and its record says ${name}`);
    if (blob.size !== size) throw invalid(what, `${layer} has ${blob.size} bytes, and its record says ${size}`);
    if (blob.digest !== `sha256:${sha256}`) {
      throw invalid(what, `${layer} is ${blob.digest}, and its record says sha256:${sha256}`);
    }
  }
  const names = namesOf({ files, record: { value: record, text: '' } });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(what, `two of its files would be called ${twice}`);
  if (!isNamePart(record.version)) {
    throw invalid(what, `its version ${JSON.stringify(record.version)} cannot be part of a file name`);
  }
}

function requireSame(what: string, field: string, listed: string | undefined, found: string): void {
  if (listed === undefined || listed === found) return;
  throw invalid(what, `it is listed with the ${field} ${JSON.stringify(listed)}, and is of ${JSON.stringify(found)}`);
}

function invalid(what: string, reason: string): CosaError {
  return verificationError('DISK_IMAGE_INVALID', `${what}: ${reason}`);
}
