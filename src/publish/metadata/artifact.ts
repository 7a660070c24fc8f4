import { z } from 'zod';

/** Bytes of an address; nobody has longer ones. */
const longestAddress = 4096;

/** What architectures, platforms, formats and regions are called: nothing that could be taken for anything else. */
export const nameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'is not a name');

/** A version, as builds have them. */
export const versionSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/, 'is not a version');

const addressSchema = z.string().max(longestAddress, 'is too long');
const checksumSchema = z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 checksum');

/** The times in metadata: `2026-01-31T12:00:00Z`. */
const timeSchema = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/, 'is not a time of RFC 3339');

/** One file: where it lies, and how to know that it is the right one. Objects here keep what they do not know. */
const artifactSchema = z.looseObject({
  location: addressSchema.min(1, 'is empty').describe('Address of the file.'),
  signature: addressSchema
    .optional()
    .describe('Address of a detached OpenPGP signature of the file; empty where there is none.'),
  sha256: checksumSchema.describe('Of the file as it is downloaded.'),
  'uncompressed-sha256': z
    .union([checksumSchema, z.literal('')])
    .optional()
    .describe('Of what comes out of a compressed file.'),
});

export type Artifact = z.output<typeof artifactSchema>;

/** The parts that an image can have, in the order in which they are shown. */
export const imageParts = ['disk', 'kernel', 'initramfs', 'rootfs'] as const;

export type ImagePart = (typeof imageParts)[number];

/** One image: a disk, or what is booted over a network. */
const imageFormatSchema = z
  .looseObject({
    disk: artifactSchema.optional(),
    kernel: artifactSchema.optional(),
    initramfs: artifactSchema.optional(),
    rootfs: artifactSchema.optional(),
  })
  .describe('One image: `disk`, or the three parts of `pxe`.');

export type ImageFormat = z.output<typeof imageFormatSchema>;

/** Images of a platform by format, with its compressor: `qcow2.xz`, `4k.raw.xz`, `iso`, `pxe`. */
export const formatsSchema = z.record(nameSchema, imageFormatSchema);

export type Formats = z.output<typeof formatsSchema>;

/** Who wrote a document, and when. */
export const documentMetadataSchema = z.looseObject({
  'last-modified': timeSchema.optional().describe('When it was changed last.'),
  generator: z.string().optional().describe('The program that wrote it.'),
});

/** A container in a registry. */
export const containerReferenceSchema = z.looseObject({
  image: z.string().min(1).describe('How people call it: by a tag or by its digest.'),
  'digest-ref': z.string().optional().describe('The same by its digest.'),
});

export type ContainerReference = z.output<typeof containerReferenceSchema>;
