import { canonicalJson } from '../../lib/canonical-json.ts';
import { type Digest, digestHex, digestOf } from '../../lib/digest.ts';
import { CosaError, verificationError } from '../../lib/errors.ts';
import { storeBytes } from '../artifact.ts';
import { readManifest } from '../image.ts';
import type { ContentReader, ContentStore } from '../store.ts';
import { type Descriptor, type Manifest, mediaTypes } from '../types.ts';
import { simpleSigningMediaType } from './simple-signing.ts';

// Signatures of an image are the layers of a manifest with a tag that follows from the image's digest.
// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md

/** The layer's annotation that holds the signature over the layer's bytes, in base64. */
export const signatureAnnotation = 'dev.cosignproject.cosign/signature';

/** An attempt fails only if another writer comes in between. */
const maximumAttempts = 50;

/** More are not merged: nobody signs an image that often. */
const maximumPending = 100;

/** The tag under which the signatures of an image lie. */
export function signatureTag(subject: Digest): string {
  return `sha256-${digestHex(subject)}.sig`;
}

/**
 * The manifest whose layers are an image's signatures, `undefined` if there is none. Nothing of it is trusted.
 * @throws CosaError what `readManifest` throws
 */
export async function readAttachment(
  reader: ContentReader,
  subject: Digest,
): Promise<{ descriptor: Descriptor; manifest: Manifest } | undefined> {
  const descriptor = await reader.resolveTag(signatureTag(subject));
  return descriptor === undefined ? undefined : { descriptor, manifest: await readManifest(reader, descriptor) };
}

/**
 * Adds a signature to those of an image. The others stay, also those of writers at the same time: a registry moves a tag
 * whatever it points to, so that each writer first puts its signature under a tag of its own, and tries until the
 * manifest under the common tag has all of them.
 * @param signature base64
 * @param shared true if another writer may overwrite the tag unseen, as in a registry
 * @throws CosaError `SIGNATURE_CONTENDED` (exit 4), what the store throws
 */
export async function addSignature(
  store: ContentStore,
  subject: Digest,
  { payload, signature }: { payload: Uint8Array; signature: string },
  shared: boolean,
): Promise<void> {
  const tag = signatureTag(subject);
  const blob = await storeBytes(store, payload, simpleSigningMediaType);
  const own: Descriptor = { ...blob, annotations: { [signatureAnnotation]: signature } };
  if (shared) {
    await store.setTags([`${tag}.${digestHex(digestOf(signature)).slice(0, 16)}`], await putSignatures(store, [own]));
  }
  const done = await untilUndisturbed(async () => {
    const layers = shared ? [own, ...(await pendingSignatures(store, tag))] : [own];
    const current = await readAttachment(store, subject);
    const present = current?.manifest.layers ?? [];
    const missing = missingFrom(present, layers);
    if (missing.length === 0) return true;
    const manifest = await putSignatures(store, [...present, ...missing], current?.manifest);
    await store.setTags([tag], manifest, new Map([[tag, current?.descriptor.digest]]));
    // In a registry another may have written unseen, between the last look and this: look again.
    return !shared;
  });
  if (!done) throw contended(tag);
}

/**
 * Tags what was attached to an image elsewhere and is stored here now, for `copy`. What was attached here by others
 * stays: then the layers of both are joined.
 * @throws CosaError `SIGNATURE_CONTENDED` (exit 4), what the store throws
 */
export async function mergeAttachment(store: ContentStore, tag: string, attachment: Descriptor): Promise<void> {
  const { layers } = await readManifest(store, attachment);
  const done = await untilUndisturbed(async () => {
    const current = await store.resolveTag(tag);
    const manifest = current === undefined ? undefined : await readManifest(store, current);
    const present = manifest?.layers ?? [];
    const isExtended = missingFrom(layers, present).length === 0;
    const missing = missingFrom(present, layers);
    if (current !== undefined && missing.length === 0) return true;
    const joined = isExtended ? attachment : await putSignatures(store, [...present, ...missing], manifest);
    await store.setTags([tag], joined, new Map([[tag, current?.digest]]));
    return true;
  });
  if (!done) throw contended(tag);
}

/** Tries until nobody moves the tag in between; false if somebody always does. */
async function untilUndisturbed(attempt: () => Promise<boolean>): Promise<boolean> {
  for (let attempts = 0; attempts < maximumAttempts; attempts++) {
    try {
      if (await attempt()) return true;
    } catch (error) {
      if (!(error instanceof CosaError && error.code === 'TAG_MOVED')) throw error;
    }
  }
  return false;
}

function contended(tag: string): CosaError {
  return verificationError('SIGNATURE_CONTENDED', `others kept on moving the tag ${tag}, where signatures are kept`, {
    hint: 'run the same command again',
  });
}

/** What every writer has announced under a tag of its own. */
async function pendingSignatures(reader: ContentReader, tag: string): Promise<Descriptor[]> {
  const tags = (await reader.tagNames()).filter((name) => name.startsWith(`${tag}.`));
  const found: Descriptor[] = [];
  for (const name of tags.slice(0, maximumPending)) {
    const descriptor = await reader.resolveTag(name);
    if (descriptor !== undefined) found.push(...(await readManifest(reader, descriptor)).layers);
  }
  return found.filter(({ mediaType }) => mediaType === simpleSigningMediaType);
}

/** Stores a manifest with these layers, shaped as cosign's: the layers' digests are also its diffids. */
async function putSignatures(
  store: ContentStore,
  layers: readonly Descriptor[],
  { annotations }: Pick<Manifest, 'annotations'> = {},
): Promise<Descriptor> {
  const config = canonicalJson({
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
  const manifest = canonicalJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: await storeBytes(store, Buffer.from(config), mediaTypes.config),
    layers: layers.map(({ mediaType, digest, size, annotations: own }) => ({
      mediaType,
      digest,
      size,
      annotations: own,
    })),
    annotations,
  });
  return store.putManifest(manifest, mediaTypes.manifest);
}

/** Which of the layers are not present, each once. */
function missingFrom(present: readonly Descriptor[], layers: readonly Descriptor[]): Descriptor[] {
  const missing: Descriptor[] = [];
  for (const layer of layers) {
    if (![...present, ...missing].some((other) => isSame(layer, other))) missing.push(layer);
  }
  return missing;
}

function isSame(a: Descriptor, b: Descriptor): boolean {
  return a.digest === b.digest && a.annotations?.[signatureAnnotation] === b.annotations?.[signatureAnnotation];
}
