import { z } from 'zod';
import {
  containerReferenceSchema,
  documentMetadataSchema,
  formatsSchema,
  nameSchema,
  versionSchema,
} from './artifact.ts';
import type { DocumentKind } from './document.ts';

const release = { release: versionSchema.describe('The version that it is of.') };

const platformSchema = z
  .looseObject({ ...release, formats: formatsSchema })
  .describe('The images of a platform, all of one version.');

const regionsSchema = z.looseObject({
  regions: z.record(nameSchema, z.looseObject({ ...release, image: z.string() })).optional(),
});
const bucketsSchema = z.looseObject({
  regions: z
    .record(nameSchema, z.looseObject({ ...release, object: z.string(), bucket: z.string(), url: z.string() }))
    .optional(),
});

/** Images that are registered with a cloud. */
const imagesSchema = z.looseObject({
  aliyun: regionsSchema.optional(),
  aws: regionsSchema.optional(),
  gcp: z.looseObject({ ...release, project: z.string(), family: z.string().optional(), name: z.string() }).optional(),
  ibmcloud: bucketsSchema.optional(),
  kubevirt: containerReferenceSchema.extend(release).optional(),
  powervs: bucketsSchema.optional(),
});

export type StreamImages = z.output<typeof imagesSchema>;

const architectureSchema = z.looseObject({
  artifacts: z.record(nameSchema, platformSchema).describe('By platform.'),
  images: imagesSchema.optional().describe('What clouds have registered.'),
});

export type StreamArchitecture = z.output<typeof architectureSchema>;

const streamSchema = z.looseObject({
  stream: nameSchema.describe("The stream's name."),
  metadata: documentMetadataSchema,
  architectures: z.record(nameSchema, architectureSchema).describe('By architecture, as `uname -m` spells it.'),
});

/**
 * Stream metadata: the images that a stream recommends now. What installers and users read, in the form that Fedora CoreOS
 * publishes: https://github.com/coreos/stream-metadata-go/blob/v0.4.10/stream/stream.go
 */
export type Stream = z.output<typeof streamSchema>;

export const streamDocument: DocumentKind<Stream> = { what: 'stream metadata', schema: streamSchema };
