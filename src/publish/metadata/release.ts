import { z } from 'zod';
import {
  containerReferenceSchema,
  documentMetadataSchema,
  formatsSchema,
  nameSchema,
  versionSchema,
} from './artifact.ts';
import type { DocumentKind } from './document.ts';

/** What was registered with a cloud, for those clouds that have such: by region, or one for all. */
const platformSchema = z.looseObject({
  artifacts: formatsSchema.optional(),
  images: z.record(nameSchema, z.looseObject({})).nullish().describe('What a cloud has registered, by region.'),
  image: z.looseObject({}).nullish().describe('What a cloud has registered.'),
});

export type ReleasePlatform = z.output<typeof platformSchema>;

const architectureSchema = z.looseObject({
  commit: z.string().optional().describe('Checksum of the ostree commit.'),
  'oci-image': containerReferenceSchema.nullish().describe('The container that all of it was made of.'),
  media: z.record(nameSchema, platformSchema.nullable()).describe('By platform.'),
});

export type ReleaseArchitecture = z.output<typeof architectureSchema>;

const releaseSchema = z.looseObject({
  release: versionSchema.describe('The version.'),
  stream: nameSchema.describe('The stream that it was built for.'),
  // Of what Fedora CoreOS published in its first years it was not a part.
  metadata: documentMetadataSchema.optional(),
  architectures: z.record(nameSchema, architectureSchema).describe('By architecture, as `uname -m` spells it.'),
});

/**
 * All that belongs to one version, in the form that Fedora CoreOS publishes:
 * https://github.com/coreos/stream-metadata-go/blob/v0.4.10/release/release.go
 */
export type Release = z.output<typeof releaseSchema>;

export const releaseDocument: DocumentKind<Release> = { what: 'release metadata', schema: releaseSchema };
