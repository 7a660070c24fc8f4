import { z } from 'zod';
import type { Json } from '../lib/canonical-json.ts';
import { type Digest, isDigest } from '../lib/digest.ts';
import { checkDocument, type FaultError, parseDocument } from '../lib/document.ts';
import type { CodeOf } from '../lib/error-codes.ts';
import { verificationError } from '../lib/errors.ts';
import { type Descriptor, type ImageConfig, type Index, type Manifest, mediaTypes } from './types.ts';

/** Most bytes of a manifest, index or config: what registries accept of a manifest. */
export const maximumManifestBytes = 4 * 1024 * 1024;
/** containers-storage's limit; real images have at most 128. */
const maximumLayers = 500;
const maximumIndexEntries = 10_000;

/** A field that may be left out. Some tools write `null` then. */
function optional<T>(schema: z.ZodType<T>) {
  return schema.nullish().transform((value) => value ?? undefined);
}

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  error: 'expected sha256: and 64 hexadecimal digits',
});
const size = z.int().nonnegative();
const annotations = z.record(z.string(), z.string());
const platformFields = { architecture: z.string(), os: z.string(), variant: optional(z.string()) };
const descriptorFields = {
  mediaType: z.string().min(1),
  digest,
  size,
  annotations: optional(annotations),
  artifactType: optional(z.string()),
};

const descriptor = z.object({ ...descriptorFields, platform: optional(z.object(platformFields)) });
/** An entry of a list that will be written again: with what others gave it. */
const entry = z.looseObject({ ...descriptorFields, platform: optional(z.looseObject(platformFields)) });

const manifest = z.object({
  schemaVersion: z.literal(2),
  // The specification lets a manifest leave its own media type out: the descriptor says it.
  mediaType: z.literal(mediaTypes.manifest).default(mediaTypes.manifest),
  artifactType: optional(z.string()),
  config: descriptor,
  layers: z.array(descriptor).max(maximumLayers),
  subject: optional(descriptor),
  annotations: optional(annotations),
});

const indexFields = {
  schemaVersion: z.literal(2),
  mediaType: z.literal(mediaTypes.index).default(mediaTypes.index),
};
const index = z.object({
  ...indexFields,
  artifactType: optional(z.string()),
  manifests: z
    .array(descriptor)
    .max(maximumIndexEntries)
    .nullable()
    .transform((entries) => entries ?? []),
  subject: optional(descriptor),
  annotations: optional(annotations),
});
const json = z.custom<Json>((value) => value !== undefined);
const indexDocument = z
  .object({
    ...indexFields,
    manifests: z
      .array(json)
      .nullable()
      .transform((entries) => entries ?? []),
  })
  .catchall(json);

const imageConfig = z.object({
  created: optional(z.string()),
  architecture: z.string(),
  os: z.string(),
  config: z
    .object({
      Cmd: z.array(z.string()).nullish(),
      Labels: annotations.nullish(),
      StopSignal: z.string().nullish(),
    })
    .nullish(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(digest).max(maximumLayers) }),
  history: z
    .array(
      z.object({
        created: optional(z.string()),
        created_by: optional(z.string()),
        empty_layer: optional(z.boolean()),
      }),
    )
    .nullish(),
});

/**
 * Parses the bytes of an image manifest.
 * @param what names the document in errors: `manifest sha256:…`
 * @throws CosaError `MANIFEST_INVALID` (exit 4), naming the field
 */
export function parseManifest(text: string, what: string): Manifest {
  return parse(manifest, text, what, 'MANIFEST_INVALID');
}

/** True if the text is an image manifest, for a blob of which nobody says what it is. */
export function isManifest(text: string): boolean {
  try {
    return manifest.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

/**
 * Parses the bytes of an image index.
 * @throws CosaError `INDEX_INVALID` (exit 4), naming the field
 */
export function parseIndex(text: string, what: string): Index {
  return parse(index, text, what, 'INDEX_INVALID');
}

/**
 * Parses an index whose entries are looked at one by one, with {@link parseEntry}: one that is odd spoils no other.
 * @throws CosaError `INDEX_INVALID` (exit 4), naming the field
 */
export function parseIndexFields(text: string, what: string) {
  return parse(indexDocument, text, what, 'INDEX_INVALID');
}

/**
 * Checks an entry of an index; fields that we do not know stay in it.
 * @throws CosaError `INDEX_INVALID` (exit 4), naming the field
 */
export function parseEntry(value: Json, what: string): Descriptor {
  return check(entry, value, what, 'INDEX_INVALID');
}

/**
 * Parses an image configuration; the nulls that some tools write for empty fields count as absent.
 * @throws CosaError `CONFIG_INVALID` (exit 4), naming the field
 */
export function parseImageConfig(text: string, what: string): ImageConfig {
  const { config, history, ...rest } = parse(imageConfig, text, what, 'CONFIG_INVALID');
  const { Cmd, Labels, StopSignal } = config ?? {};
  return {
    ...rest,
    config: {
      ...(Cmd == null ? {} : { Cmd }),
      ...(Labels == null ? {} : { Labels }),
      ...(StopSignal == null ? {} : { StopSignal }),
    },
    history: history ?? undefined,
  };
}

/**
 * Parses JSON from outside against a schema.
 * @throws CosaError with `code` (exit 4), naming `what` and the first field that is wrong
 */
export function parse<T>(schema: z.ZodType<T>, text: string, what: string, code: CodeOf<'verification'>): T {
  return parseDocument(schema, text, invalid(what, code));
}

function check<T>(schema: z.ZodType<T>, value: unknown, what: string, code: CodeOf<'verification'>): T {
  return checkDocument(schema, value, invalid(what, code));
}

function invalid(what: string, code: CodeOf<'verification'>): FaultError {
  return ({ field, reason, cause }) => {
    const isWhole = cause === undefined;
    const place = isWhole ? ' ' : `: ${field ?? 'the document'}: `;
    return verificationError(code, `${what}${place}${reason}`, { cause });
  };
}
