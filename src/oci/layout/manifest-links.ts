import { type Digest, isDigest } from '../../lib/digest.ts';
import { isDeeperThan } from '../../lib/document/json-depth.ts';
import { CosaError } from '../../lib/errors.ts';
import { exitStatus } from '../../lib/exit-status.ts';
import type { ContentReader } from '../store.ts';
import type { Descriptor } from '../types.ts';
import { readSmallBlob } from '../verified.ts';

/** What a manifest or index names, whatever kind it is of. */
export interface ManifestLinks {
  blobs: readonly Digest[];
  manifests: readonly Descriptor[];
  subject: Digest | undefined;
  /** False if there is no such blob. */
  isThere: boolean;
  /** Why it cannot be read though it is there: it is damaged or too large. A sound blob that is no manifest names nothing. */
  reason: string | undefined;
}

/** More than other commands accept: what is too large for them must still be removable. */
const maximumBytes = 64 * 1024 * 1024;
const maximumDepth = 100;

const nothing: ManifestLinks = { blobs: [], manifests: [], subject: undefined, isThere: true, reason: undefined };

/**
 * Reads only what a manifest names: so it also accepts Docker's manifests, those with thousands of layers, and other
 * variants of the format.
 */
export async function manifestLinks(
  reader: Pick<ContentReader, 'readBlob'>,
  descriptor: Descriptor,
): Promise<ManifestLinks> {
  try {
    const text = (await readSmallBlob(reader, descriptor, maximumBytes)).toString();
    if (isDeeperThan(text, maximumDepth))
      return { ...nothing, reason: `manifest ${descriptor.digest} is nested too deep` };
    const document: unknown = JSON.parse(text);
    const [subject] = digestsOf([fieldOf(document, 'subject')]);
    const blobs = [fieldOf(document, 'config'), ...listOf(document, 'layers'), ...listOf(document, 'blobs')];
    const manifests = listOf(document, 'manifests').flatMap(descriptorOf);
    return { ...nothing, blobs: digestsOf(blobs), manifests, subject };
  } catch (error) {
    if (error instanceof SyntaxError) return nothing;
    if (!(error instanceof CosaError) || error.exitStatus !== exitStatus.verification) throw error;
    if (error.code === 'BLOB_MISSING') return { ...nothing, isThere: false };
    return { ...nothing, reason: error.message };
  }
}

function digestsOf(values: readonly unknown[]): Digest[] {
  return values.flatMap((value) => {
    const digest = fieldOf(value, 'digest');
    return typeof digest === 'string' && isDigest(digest) ? [digest] : [];
  });
}

function descriptorOf(value: unknown): Descriptor[] {
  const [digest] = digestsOf([value]);
  const [mediaType, size] = [fieldOf(value, 'mediaType'), fieldOf(value, 'size')];
  if (digest === undefined || typeof size !== 'number') return [];
  return [{ mediaType: typeof mediaType === 'string' ? mediaType : '', digest, size }];
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
