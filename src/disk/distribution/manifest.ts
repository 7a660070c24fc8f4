import { diskAnnotations, labelNames } from '../../contract/labels.ts';
import { architectureCalled } from '../../lib/architecture.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { digestOf } from '../../lib/digest.ts';
import { diskImageType } from '../../oci/disk-image.ts';
import { type Annotations, type Descriptor, mediaTypes, type Platform } from '../../oci/types.ts';
import type { DiskImageRecord } from '../record.ts';

/** Of the config of a disk image's manifest, which is the record as it lies beside the image. */
export const recordMediaType = 'application/vnd.cosa.disk-image.v1+json';

/** A disk image's manifest, with what it names. */
export interface DiskImageManifest {
  /** As a list of referrers has it: with artifact type and annotations. */
  descriptor: Descriptor;
  text: string;
  /** The record. */
  config: Descriptor;
  /** One for each file, in the record's order. */
  layers: readonly Descriptor[];
}

/**
 * The manifest by which a disk image lies in a registry: its files are the layers, its record is the config, its container
 * the subject. It follows from these alone, so the same image has the same digest everywhere.
 * @param recordText the record as it lies beside the image
 * @param subject of the container's manifest
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md#guidelines-for-artifact-usage
 */
export function diskImageManifest(record: DiskImageRecord, recordText: string, subject: Descriptor): DiskImageManifest {
  const artifactType = diskImageType(record.format);
  const config = { mediaType: recordMediaType, digest: digestOf(recordText), size: Buffer.byteLength(recordText) };
  const layers = record.files.map(({ name, role, size, sha256 }) => ({
    mediaType: artifactType,
    digest: `sha256:${sha256}` as const,
    size,
    annotations: { [labelNames.title]: name, [diskAnnotations.role]: role },
  }));
  const annotations: Annotations = {
    [labelNames.version]: record.version,
    [diskAnnotations.platform]: record.platform,
    [diskAnnotations.architecture]: platformOfRecord(record).architecture,
  };
  const text = canonicalJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config,
    layers,
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  });
  const descriptor = { mediaType: mediaTypes.manifest, digest: digestOf(text), size: Buffer.byteLength(text) };
  return { descriptor: { ...descriptor, artifactType, annotations }, text, config, layers };
}

/** What an index says that a disk image is for: the platform stands in the operating system's place. */
export function platformOfRecord({ platform, architecture }: DiskImageRecord): Platform {
  return { os: platform, architecture: architectureCalled(architecture)?.oci ?? architecture };
}
