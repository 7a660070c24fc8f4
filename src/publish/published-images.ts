import { z } from 'zod';
import { prettyJson } from '../lib/canonical-json.ts';
import { isDigest } from '../lib/digest.ts';
import { faultText, parseDocument } from '../lib/document.ts';
import { type CosaError, verificationError } from '../lib/errors.ts';
import { isKeyPart } from './keys.ts';

const hexSha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hexadecimal digits' });
const keyPart = z.string().refine(isKeyPart, { error: 'expected a file name' });
const digest = z.string().refine(isDigest, { error: 'expected sha256: and 64 hexadecimal digits' });

/** The format that this version writes. Another first number is another format. */
export const publishedSchemaVersion = '1.0.0';

/** A file of a disk image, beside the document. */
const fileSchema = z.looseObject({
  /** What it is to the image: as in stream metadata. */
  role: z.enum(['disk', 'kernel', 'initramfs', 'rootfs']),
  name: keyPart,
  /** Bytes. */
  size: z.int().nonnegative(),
  sha256: hexSha256,
  /** Of a compressed one, what comes out of it. */
  'uncompressed-size': z.int().nonnegative().optional(),
  'uncompressed-sha256': hexSha256.optional(),
  /** Name of the file with its detached signature. */
  signature: keyPart.optional(),
});

const imageSchema = z.looseObject({
  platform: keyPart,
  /** With its compressor, as stream metadata has it: `qcow2.xz`, `pxe`. */
  format: keyPart,
  /** Bytes of the disk that a machine sees. */
  'disk-size': z.int().positive().optional(),
  files: z.array(fileSchema).min(1).max(16),
});

/**
 * What of one architecture of one version is published: `images.json`. It is written after everything that it names, so
 * who reads it finds all of that. Keys that this version does not know stay where they are.
 */
export const publishedImagesSchema = z.looseObject({
  'schema-version': z.string(),
  /** Of the operating system, as in the names of files. */
  name: keyPart,
  stream: keyPart,
  version: keyPart,
  /** As `uname -m` spells it. */
  architecture: keyPart,
  container: z.looseObject({
    /** Where it lies, as a docker reference without tag and digest: `quay.io/example/os`. */
    image: z.string().optional(),
    digest,
    'ostree-commit': z.string(),
  }),
  /** In the order of platforms and formats. */
  images: z.array(imageSchema).max(1000),
  /** The program that wrote it, with its version. */
  generator: z.string().optional(),
});

export type PublishedImages = z.output<typeof publishedImagesSchema>;
export type PublishedImage = PublishedImages['images'][number];
export type PublishedFile = PublishedImage['files'][number];

/** The document's bytes: the same images give the same. One of a later format keeps its number. */
export function formatPublishedImages(images: Omit<PublishedImages, 'schema-version'>): Uint8Array {
  return Buffer.from(prettyJson({ 'schema-version': publishedSchemaVersion, ...images }));
}

/**
 * Reads the document.
 * @param what names it in errors
 * @throws CosaError `PUBLISHED_NEWER`, `PUBLISHED_INVALID` (exit 4), naming the field
 */
export function parsePublishedImages(text: string, what: string): PublishedImages {
  const invalid = (reason: string, cause?: unknown) =>
    verificationError('PUBLISHED_INVALID', `${what}: ${reason}`, {
      hint: 'it is left as it is: look what has written it, and remove or repair it',
      ...(cause === undefined ? {} : { cause }),
    });
  const parsed = parseDocument(z.looseObject({ 'schema-version': z.string() }), text, (fault) =>
    invalid(faultText(fault, 'it '), fault.cause),
  );
  refuseOthers(parsed['schema-version'], what, invalid);
  return parseDocument(publishedImagesSchema, text, (fault) => invalid(faultText(fault, 'it '), fault.cause));
}

function refuseOthers(version: string, what: string, invalid: (reason: string) => CosaError): void {
  const major = /^(\d{1,6})\.\d{1,6}\.\d{1,6}$/.exec(version)?.[1];
  if (major === undefined) throw invalid('schema-version: expected three numbers');
  if (major === '1') return;
  throw verificationError('PUBLISHED_NEWER', `${what} has the format ${version}, which this version does not know`, {
    hint: 'a newer cosa has written it: use that one',
  });
}
