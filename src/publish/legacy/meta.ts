import { z } from 'zod';
import { type Digest, digestHex, isDigest } from '../../lib/digest.ts';
import { type FaultError, faultText, parseDocument } from '../../lib/document.ts';
import { verificationError } from '../../lib/errors.ts';
import { isKeyPart } from '../keys.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'is no checksum of sha256' });

/** A file of a build. */
const artifactSchema = z.looseObject({
  /** Its name, beside the meta.json. */
  path: z.string().refine(isKeyPart, { error: 'is no file name' }),
  sha256,
  /** Bytes. */
  size: z.int().nonnegative().optional(),
  'uncompressed-sha256': sha256.optional(),
  'uncompressed-size': z.int().nonnegative().optional(),
  'skip-compression': z.boolean().optional(),
});

export type LegacyArtifact = z.output<typeof artifactSchema>;

/** A container in a registry. */
const registryImageSchema = z.looseObject({
  /** Without transport, tag and digest: `quay.io/example/os`. */
  image: z.string(),
  /** Of the manifest for the build's architecture. */
  digest: z.string().refine(isDigest, { error: 'is no digest' }).optional(),
  'manifest-list-digest': z.string().refine(isDigest, { error: 'is no digest' }).optional(),
  tags: z.array(z.string()).optional(),
  'additional-images': z.array(z.unknown()).optional(),
});

type LegacyRegistryImage = z.output<typeof registryImageSchema>;

// https://github.com/coreos/coreos-assembler/blob/main/src/v1.json: what is used of it here.
const metaSchema = z.looseObject({
  buildid: z.string(),
  name: z.string(),
  'ostree-commit': z.string(),
  'coreos-assembler.basearch': z.string().optional(),
  images: z.record(z.string(), artifactSchema).optional(),
  'base-oscontainer': registryImageSchema.optional(),
});

/** meta.json: one architecture of one build. What is not known of it is kept. */
export type LegacyMeta = z.output<typeof metaSchema>;

/** A record that was made here: it says its architecture. */
export type OwnMeta = LegacyMeta & { 'coreos-assembler.basearch': string };

/** What a build is described by. */
export interface LegacyBuild {
  name: string;
  id: string;
  /** As `uname -m` spells it. */
  architecture: string;
  /** Hex checksum of the ostree commit. */
  commit: string;
  /** When it was made: RFC 3339, UTC, in whole seconds. */
  timestamp: string;
  /** The container's. */
  labels: Readonly<Record<string, string>>;
  /** The config's git, as far as the container says. */
  config?: { origin: string; commit: string; dirty: boolean } | undefined;
  description?: string | undefined;
  /** Of the container's manifest. */
  digest: Digest;
  /** Where the container lies in a registry. */
  registry?: { image: string; listDigest?: Digest | undefined; tags: readonly string[] } | undefined;
  /** Everything that lies beside the record, `ostree` and `oci-manifest` among it, by the names that upstream gives them. */
  images: Readonly<Record<string, LegacyArtifact>>;
}

/** Where upstream's tools look for what the container says of itself. */
const importedLabels = 'coreos-assembler.oci-imported-labels';

/** The record of a build, as upstream's `cosa import` and `cosa push-container` write it together. */
export function legacyMeta(build: LegacyBuild): OwnMeta {
  const { config, registry, labels } = build;
  const imageConfig = labels['coreos-assembler.image-config-checksum'];
  return {
    buildid: build.id,
    name: build.name,
    'ostree-commit': build.commit,
    'ostree-version': build.id,
    'ostree-timestamp': build.timestamp,
    'coreos-assembler.basearch': build.architecture,
    'coreos-assembler.build-timestamp': build.timestamp,
    'coreos-assembler.oci-imported': true,
    [importedLabels]: { ...labels },
    // A text there, as upstream has it.
    ...(config && {
      'coreos-assembler.container-config-git': {
        origin: config.origin,
        commit: config.commit,
        ...(config.dirty ? { dirty: 'true' } : {}),
      },
    }),
    ...(imageConfig !== undefined && imageConfig.length >= 64
      ? { 'coreos-assembler.image-config-checksum': imageConfig }
      : {}),
    ...(build.description ? { summary: build.description } : {}),
    ...(registry && {
      'base-oscontainer': {
        image: registry.image,
        digest: build.digest,
        ...(registry.listDigest === undefined ? {} : { 'manifest-list-digest': registry.listDigest }),
        tags: [...registry.tags],
      },
    }),
    images: { ...build.images },
  };
}

/**
 * Reads meta.json.
 * @param where names it in errors
 * @throws CosaError `LEGACY_RECORD_INVALID` (exit 4)
 */
export function parseLegacyMeta(text: string, where: string): LegacyMeta {
  const invalid: FaultError = ({ position, ...fault }) =>
    verificationError('LEGACY_RECORD_INVALID', `${where} is no record of a build: ${faultText(fault, 'it ')}`, {
      ...(position === undefined ? {} : { where: { file: where, ...position } }),
      hint: 'look at what wrote it; nothing was changed',
      cause: fault.cause,
    });
  return parseDocument(metaSchema, text, invalid);
}

/**
 * A build's record with what is known of it now: everything that others have put there stays, and images that are there
 * under another name than now are replaced.
 * @param where names the record in errors
 * @returns the record itself if nothing is new
 * @throws CosaError `LEGACY_BUILD_DIFFERS` (exit 4) if it is another container's, or has other content in a file
 */
export function mergeMeta(present: LegacyMeta, made: LegacyMeta, where: string): LegacyMeta {
  requireSameBuild(present, made, where);
  const merged = {
    ...present,
    ...made,
    [importedLabels]: { ...asMap(present[importedLabels]), ...asMap(made[importedLabels]) },
    images: mergeImages(present, made, where),
    ...mergeRegistries(present['base-oscontainer'], made['base-oscontainer']),
  };
  return JSON.stringify(merged) === JSON.stringify(present) ? present : merged;
}

/** What must be the same in both, as texts. */
function identityOf(meta: LegacyMeta): Record<string, string | undefined> {
  const { digest } = meta['base-oscontainer'] ?? {};
  // In a registry it may have another: push-container converts it where it is told to.
  const manifest = meta.images?.['oci-manifest']?.sha256;
  return {
    buildid: meta.buildid,
    'ostree-commit': meta['ostree-commit'],
    'the digest of the container': manifest ?? (digest === undefined ? undefined : digestHex(digest)),
  };
}

function requireSameBuild(present: LegacyMeta, made: LegacyMeta, where: string): void {
  const ours = identityOf(made);
  for (const [what, there] of Object.entries(identityOf(present))) {
    const here = ours[what];
    if (there === undefined || here === undefined || there === here) continue;
    throw verificationError('LEGACY_BUILD_DIFFERS', `${where} is of another build: ${what} is ${there}, not ${here}`, {
      hint: 'a version is given once: export the container that is there, or build under another version',
    });
  }
}

function mergeImages(present: LegacyMeta, made: LegacyMeta, where: string): Record<string, LegacyArtifact> {
  const images = { ...present.images };
  for (const [name, image] of Object.entries(made.images ?? {})) {
    const there = images[name];
    if (there !== undefined && there.path === image.path && there.sha256 !== image.sha256) {
      throw verificationError(
        'LEGACY_BUILD_DIFFERS',
        `${where}: ${image.path} has the checksum ${there.sha256} there, not ${image.sha256}`,
        { hint: 'a file of a version is given once: remove it there if it is the wrong one' },
      );
    }
    images[name] = there?.path === image.path ? { ...there, ...image } : image;
  }
  return images;
}

/** The first registry stays the one; another one's image of the same container is noted beside it, as upstream does. */
function mergeRegistries(
  present: LegacyRegistryImage | undefined,
  made: LegacyRegistryImage | undefined,
): { 'base-oscontainer'?: LegacyRegistryImage } {
  if (present === undefined || made === undefined) {
    const only = present ?? made;
    return only === undefined ? {} : { 'base-oscontainer': only };
  }
  if (present.image === made.image) {
    const tags = [...new Set([...(present.tags ?? []), ...(made.tags ?? [])])];
    return { 'base-oscontainer': { ...present, ...made, tags } };
  }
  const others = present['additional-images'] ?? [];
  const isThere = others.some((other) => asMap(other).image === made.image);
  return { 'base-oscontainer': isThere ? present : { ...present, 'additional-images': [...others, made] } };
}

function asMap(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
