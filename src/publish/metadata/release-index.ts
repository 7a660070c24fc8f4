import { z } from 'zod';
import { containerReferenceSchema, documentMetadataSchema, nameSchema, versionSchema } from './artifact.ts';
import type { DocumentKind } from './document.ts';

const indexedReleaseSchema = z.looseObject({
  version: versionSchema,
  metadata: z.string().min(1).describe("Address of the version's release.json."),
  commits: z
    .array(z.looseObject({ architecture: nameSchema, checksum: z.string() }))
    .optional()
    .describe('The ostree commit of each architecture.'),
  'oci-images': z
    .array(containerReferenceSchema.extend({ architecture: nameSchema }))
    .optional()
    .describe('The container of each architecture.'),
});

export type IndexedRelease = z.output<typeof indexedReleaseSchema>;

const releaseIndexSchema = z.looseObject({
  stream: nameSchema.describe("The stream's name."),
  note: z.string().optional().describe('Who should read it.'),
  metadata: documentMetadataSchema,
  releases: z.array(indexedReleaseSchema).describe('The oldest first.'),
});

/**
 * The release index: every version of a stream. For updates and other tools, in the form that Fedora CoreOS publishes:
 * https://github.com/coreos/fedora-coreos-tracker/tree/main/metadata/release-index
 */
export type ReleaseIndex = z.output<typeof releaseIndexSchema>;

export const releaseIndexDocument: DocumentKind<ReleaseIndex> = {
  what: 'release index',
  schema: releaseIndexSchema,
};
