import { z } from 'zod';
import type { Json } from '../../lib/canonical-json.ts';
import { digestHex } from '../../lib/digest.ts';
import { programAddress } from '../../lib/program.ts';
import { parseImageName } from '../../oci/image-name.ts';
import type { Statement } from '../../oci/signatures/bundle.ts';
import type { DiskImageRecord } from '../record.ts';
import type { StoredDiskImage } from './read.ts';

/** https://slsa.dev/spec/v1.0/provenance */
export const provenancePredicate = 'https://slsa.dev/provenance/v1';

/** How a disk image is made, and what the parameters mean: docs/registries.md tells. */
const buildType = `${programAddress}/blob/main/docs/registries.md#provenance-v1`;

/** A disk image that has a record of how it was made, and that nobody has changed since. */
export type RecordedStoredImage = StoredDiskImage & { record: NonNullable<StoredDiskImage['record']> };

/** True for what follows from its container: a customized copy holds what its owner has put in. */
export function hasRecord(image: StoredDiskImage): image is RecordedStoredImage {
  return image.record !== undefined && image.record.value.customized === undefined;
}

/**
 * What a disk image was made of and how, as an in-toto statement with a SLSA provenance predicate: about its manifest and
 * about its files. No clock is in it, nor anything of the machine: the same image gives the same statement.
 * @param identity the name that the image is signed under: its repository
 */
export function provenanceStatement(
  { descriptor, files, record: { value: record } }: RecordedStoredImage,
  identity: string,
): Statement {
  const repository = parseImageName(identity)?.repository ?? identity;
  const container = record.container.digest;
  const reference = `${repository}@${container}`;
  return {
    subject: [
      { name: repository, digest: { sha256: digestHex(descriptor.digest) } },
      ...files.map(({ name, blob }) => ({ name, digest: { sha256: digestHex(blob.digest) } })),
    ],
    predicateType: provenancePredicate,
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: {
          container: reference,
          platform: record.platform,
          architecture: record.architecture,
          format: record.format,
        },
        internalParameters: internalParameters(record),
        resolvedDependencies: [
          {
            name: 'container',
            uri: `docker://${reference}`,
            digest: { sha256: digestHex(container) },
            annotations: { 'ostree.commit': record.container['ostree-commit'], version: record.version },
          },
        ],
      },
      runDetails: { builder: builderOf(record) },
    },
  };
}

function internalParameters({ compression, 'host-tools': hostTools, key }: DiskImageRecord): Json {
  return { compression: compression ?? 'none', hostTools, key };
}

function builderOf({ generator }: DiskImageRecord): Json {
  const [name, version] = generator?.split(' ') ?? [];
  return name === undefined || version === undefined
    ? { id: programAddress }
    : { id: programAddress, version: { [name]: version } };
}

const digestOf = z.object({ digest: z.object({ sha256: z.string() }) });
const predicate = z.object({
  buildDefinition: z.object({
    buildType: z.string(),
    externalParameters: z.object({ platform: z.string().optional() }),
    resolvedDependencies: z.array(digestOf).max(1000),
  }),
  runDetails: z.object({
    builder: z.object({ id: z.string(), version: z.record(z.string(), z.string()).optional() }),
  }),
});

/** What a provenance says of a disk image, in a few words. */
export interface ProvenanceSummary {
  buildType: string;
  builder: string;
  /** Of what it was made of. */
  dependencies: readonly string[];
}

/** Reads a provenance predicate, by whomever; `undefined` for what is none. */
export function readProvenance(
  statement: Statement,
): (ProvenanceSummary & { platform: string | undefined }) | undefined {
  const found = predicate.safeParse(statement.predicate).data;
  if (found === undefined) return undefined;
  const { buildDefinition, runDetails } = found;
  const { id, version = {} } = runDetails.builder;
  return {
    buildType: buildDefinition.buildType,
    builder: [id, ...Object.entries(version).map(([name, number]) => `${name} ${number}`)].join(', '),
    dependencies: buildDefinition.resolvedDependencies.map(({ digest }) => `sha256:${digest.sha256}`),
    platform: buildDefinition.externalParameters.platform,
  };
}

/**
 * Says why a statement is not the provenance of a disk image: it must be about each of its files, and name the container
 * that the image refers to.
 * @returns `undefined` if it is
 */
export function refuseProvenance(
  statement: Statement,
  { files, subject, platform }: StoredDiskImage,
): string | undefined {
  const provenance = readProvenance(statement);
  if (provenance === undefined) return 'it is no provenance that this version reads';
  const about = new Set(statement.subject.map(({ digest }) => digest.sha256));
  const other = files.find(({ blob }) => !about.has(digestHex(blob.digest)));
  if (other !== undefined) return `it is not about the file ${other.name}`;
  if (subject === undefined || !provenance.dependencies.includes(subject.digest)) {
    return `it does not name the container ${subject?.digest ?? 'that it was made of'}`;
  }
  if (provenance.platform !== undefined && provenance.platform !== platform) {
    return `it is for the platform ${JSON.stringify(provenance.platform)}`;
  }
  return undefined;
}
