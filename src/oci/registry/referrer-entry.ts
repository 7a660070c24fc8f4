import type { Digest } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import { artifactTypeOf } from '../artifact.ts';
import { parseIndex, parseManifest } from '../schemas.ts';
import { type Descriptor, mediaTypes } from '../types.ts';

/** What a manifest or index is about, by its `subject`; `undefined` for one that stands for itself. */
export function subjectOf(descriptor: Descriptor, bytes: Buffer): Digest | undefined {
  return parseReferrer(descriptor, bytes)?.subject?.digest;
}

/**
 * How a referrer stands in the list of its subject's.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers
 * @returns `undefined` if the manifest is about something else
 */
export function referrerEntry(descriptor: Descriptor, bytes: Buffer, subject: Digest): Descriptor | undefined {
  const referrer = parseReferrer(descriptor, bytes);
  if (referrer?.subject?.digest !== subject) return undefined;
  const { mediaType, digest, size } = descriptor;
  return { mediaType, digest, size, artifactType: artifactTypeOf(referrer), annotations: referrer.annotations };
}

/** Lenient: what is malformed is about nothing that we know, and must not keep others from their lists. */
function parseReferrer({ mediaType, digest }: Descriptor, bytes: Buffer) {
  try {
    if (mediaType === mediaTypes.manifest) return parseManifest(bytes.toString(), `manifest ${digest}`);
    if (mediaType === mediaTypes.index) return parseIndex(bytes.toString(), `index ${digest}`);
    return undefined;
  } catch (error) {
    if (error instanceof CosaError) return undefined;
    throw error;
  }
}
