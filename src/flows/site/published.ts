import type { Digest } from '../../lib/digest.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { attempt } from '../../oci/attempt.ts';
import { type BuildName, buildFileKey, imagesKey } from '../../publish/keys.ts';
import type { ObjectStore } from '../../publish/object-store.ts';
import { type PublishedImages, parsePublishedImages } from '../../publish/published-images.ts';
import type { SiteArtifact } from '../../publish/site/model.ts';
import { publishedNames } from '../../publish/stream-metadata/published-builds.ts';
import { readDocument } from '../../publish/update.ts';
import { artifactOf } from './artifacts.ts';

/** The disk images that are published in an object store. */
export interface PublishedArtifacts {
  /** By the digest of the container that they were made of. */
  byContainer: ReadonlyMap<Digest, readonly SiteArtifact[]>;
  /** What cannot be read, and why. */
  remarks: readonly string[];
}

/** Most bytes of a document that says what is published of a build. */
const maximumDocumentBytes = 1024 * 1024;
/** Stores are waited for, most of the time. */
const readsAtOnce = 16;

/**
 * Reads what is published, of all streams. A document that is damaged keeps nobody from the rest.
 * @throws CosaError what the store fails at; the signal's reason
 */
export async function publishedArtifacts(store: ObjectStore, signal: AbortSignal): Promise<PublishedArtifacts> {
  const names = await publishedNames(store, undefined, signal);
  const byContainer = new Map<Digest, SiteArtifact[]>();
  const remarks: string[] = [];
  const read = await mapParallel(
    names,
    (name, stop) => attempt(() => readPublished(store, name, stop)),
    readsAtOnce,
    signal,
  );
  for (const [index, { value, reason }] of read.entries()) {
    const name = names[index];
    if (reason !== undefined) remarks.push(reason);
    if (value === undefined || name === undefined) continue;
    const { digest } = value.container;
    byContainer.set(digest, [...(byContainer.get(digest) ?? []), ...artifactsOf(store, name, value)]);
  }
  return { byContainer, remarks };
}

async function readPublished(
  store: ObjectStore,
  name: BuildName,
  signal: AbortSignal,
): Promise<PublishedImages | undefined> {
  const key = imagesKey(name);
  const document = await readDocument(store, key, maximumDocumentBytes, signal);
  return document && parsePublishedImages(document.text, `${store.url}/${key}`);
}

function artifactsOf(store: ObjectStore, name: BuildName, { images }: PublishedImages): SiteArtifact[] {
  return images.map(({ platform, format, files }) =>
    artifactOf(
      platform,
      format,
      'store',
      files.map(({ role, name: file, size, sha256, signature }) => ({
        role,
        name: file,
        size,
        sha256,
        location: `${store.baseUrl}/${buildFileKey(name, file)}`,
        signature,
      })),
    ),
  );
}
