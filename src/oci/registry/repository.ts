import { createBufferPool } from '../../lib/buffer-pool.ts';
import { digestOf } from '../../lib/digest.ts';
import type { Repository } from '../registries.ts';
import type { Descriptor } from '../types.ts';
import type { RegistryClient } from './client.ts';
import { downloadBlob, hasBlob } from './download.ts';
import { createManifests, type Manifests } from './manifests.ts';
import { isManifestType } from './media-types.ts';
import { subjectOf } from './referrer-entry.ts';
import { listReferrers } from './referrers.ts';
import { addToFallbackIndex, removeFromFallbackIndex } from './referrers-fallback.ts';
import { type RepositoryRequests, repositoryRequests } from './requests.ts';
import { setTags } from './set-tags.ts';
import { listTagNames, listTags } from './tags.ts';
import { uploadBlob } from './upload.ts';

/** Of a blob that is sent piece by piece: few calls, and few megabytes for all that are under way. */
const pieceBytes = 512 * 1024;

/**
 * A registry's repository as a place for images. Asks the registry nothing yet.
 * @param name below the registry: `os/example`
 * @param warn told what is left out because nobody can read it
 */
export function openRepository(
  client: RegistryClient,
  name: string,
  warn: (message: string) => void = () => undefined,
): Repository {
  const requests = repositoryRequests(client, name, warn);
  const manifests = createManifests(requests);
  const buffers = createBufferPool(pieceBytes);
  return {
    readBlob: (descriptor, signal) =>
      isManifestType(descriptor.mediaType)
        ? manifestBytes(manifests, descriptor, signal)
        : downloadBlob(requests, descriptor, signal),
    hasBlob: (digest) => hasBlob(requests, digest),
    resolveTag: (tag) => manifests.resolve(tag),
    resolveDigest: (digest) => manifests.resolveDigest(digest),
    tagNames: () => listTagNames(requests),
    listTags: (isWanted) => listTags(requests, manifests, isWanted),
    referrers: (subject, artifactType) => listReferrers(requests, manifests, subject, artifactType),
    untagged: async () => [],
    putBlob: (source, options) => uploadBlob(requests, source, buffers, options),
    putManifest: async (content, mediaType, extra = {}) => {
      const bytes = Buffer.from(content);
      const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
      await putManifest(requests, manifests, descriptor, bytes);
      return { ...descriptor, ...extra };
    },
    setTags: (tags, manifest, expected) => setTags(manifests, requests.where, tags, manifest, expected),
    deleteTag: (tag) => manifests.deleteTag(tag),
    deleteManifest: (digest) => deleteManifest(requests, manifests, digest),
  };
}

/** Registries keep manifests apart from blobs; readers need not know. */
async function* manifestBytes(
  manifests: Manifests,
  descriptor: Descriptor,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  // A copy: those that are kept for the next reader are not this one's.
  yield Buffer.from(await manifests.read(descriptor, signal));
}

async function putManifest(
  requests: RepositoryRequests,
  manifests: Manifests,
  descriptor: Descriptor,
  bytes: Buffer,
): Promise<void> {
  const { isListed } = await manifests.put({ bytes, mediaType: descriptor.mediaType });
  const subject = subjectOf(descriptor, bytes);
  if (subject !== undefined && !isListed) {
    await addToFallbackIndex(requests, manifests, subject, descriptor, bytes);
  }
}

async function deleteManifest(
  requests: RepositoryRequests,
  manifests: Manifests,
  digest: Descriptor['digest'],
): Promise<void> {
  const stored = await manifests.get(digest, 'push');
  if (stored === undefined) return;
  await manifests.delete(digest);
  const subject = subjectOf(stored.descriptor, stored.bytes);
  if (subject !== undefined) await removeFromFallbackIndex(requests, manifests, subject, digest);
}
