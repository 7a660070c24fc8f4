import { z } from 'zod';
import { type Digest, isDigest } from '../lib/digest.ts';
import { type CosaError, verificationError } from '../lib/errors.ts';
import { type ImageConfig, type Index, type Manifest, mediaTypes } from './types.ts';

/** Most bytes of a manifest, index or config: what registries accept of a manifest. */
export const maximumManifestBytes = 4 * 1024 * 1024;
/** containers-storage's limit; real images have at most 128. */
const maximumLayers = 500;
const maximumIndexEntries = 10_000;

const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  error: 'expected sha256: and 64 hexadecimal digits',
});
const size = z.int().nonnegative();
const annotations = z.record(z.string(), z.string());

const descriptor = z.object({
  mediaType: z.string().min(1),
  digest,
  size,
  annotations: annotations.optional(),
  artifactType: z.string().optional(),
  platform: z.object({ architecture: z.string(), os: z.string(), variant: z.string().optional() }).optional(),
});

const manifest = z.object({
  schemaVersion: z.literal(2),
  // The specification lets a manifest leave its own media type out: the descriptor says it.
  mediaType: z.literal(mediaTypes.manifest).default(mediaTypes.manifest),
  artifactType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor).max(maximumLayers),
  subject: descriptor.optional(),
  annotations: annotations.optional(),
});

const index = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.literal(mediaTypes.index).default(mediaTypes.index),
  artifactType: z.string().optional(),
  manifests: z.array(descriptor).max(maximumIndexEntries),
  subject: descriptor.optional(),
  annotations: annotations.optional(),
});

const imageConfig = z.object({
  created: z.string().optional(),
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
        created: z.string().optional(),
        created_by: z.string().optional(),
        empty_layer: z.boolean().optional(),
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
export function parse<T>(schema: z.ZodType<T>, text: string, what: string, code: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw verificationError(code, `${what} is not JSON`, { cause });
  }
  return check(schema, value, what, code);
}

function check<T>(schema: z.ZodType<T>, value: unknown, what: string, code: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(result.error, what, code);
}

function invalid(error: z.ZodError, what: string, code: string): CosaError {
  const issue = error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'the document' : issue.path.join('.');
  return verificationError(code, `${what}: ${field}: ${issue?.message ?? 'is not as specified'}`, { cause: error });
}
