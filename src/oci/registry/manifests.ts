import { type Digest, digestOf, isDigest } from '../../lib/digest.ts';
import { CosaError, verificationError } from '../../lib/errors.ts';
import { maximumManifestBytes } from '../schemas.ts';
import type { Descriptor } from '../types.ts';
import { sizeMismatch } from '../verified.ts';
import { blobMissing } from './download.ts';
import { createManifestCache, type StoredManifest } from './manifest-cache.ts';
import { acceptedManifests, declaredType, refuseSchema1, typeOfContent } from './media-types.ts';
import { answerInvalid, encodingOf, hasCode, type RepositoryRequest, type RepositoryRequests } from './requests.ts';

/** A repository's manifests and indexes. Those that were just read or written are kept for a while. */
export interface Manifests {
  /**
   * Asks what a tag or digest is: with HEAD, which registries do not count as a download.
   * @param access `push` asks the registry itself, never a mirror
   * @throws CosaError `MANIFEST_SCHEMA1`, `MANIFEST_TOO_LARGE`, `MANIFEST_DIGEST_MISMATCH` (exit 4)
   */
  resolve(reference: string, access?: 'pull' | 'push'): Promise<Descriptor | undefined>;
  /** As {@link resolve}, of a digest; a manifest that is known is not asked for. */
  resolveDigest(digest: Digest): Promise<Descriptor | undefined>;
  /**
   * A manifest's bytes, verified.
   * @throws CosaError `BLOB_MISSING`, `BLOB_SIZE_MISMATCH`, `MANIFEST_DIGEST_MISMATCH`, `MANIFEST_TOO_LARGE` (exit 4)
   */
  read(descriptor: Descriptor, signal?: AbortSignal): Promise<Buffer>;
  /**
   * Reads what a tag or digest is now, in one request.
   * @throws CosaError as {@link resolve}
   */
  get(reference: string, access: 'pull' | 'push'): Promise<{ descriptor: Descriptor; bytes: Buffer } | undefined>;
  /**
   * Stores a manifest.
   * @throws CosaError `MANIFEST_TOO_LARGE`, `MANIFEST_DIGEST_MISMATCH` (exit 4); `MANIFEST_REFUSED` (exit 1) if the
   *   registry does not take it, as when it lacks what the manifest names
   */
  put(manifest: NewManifest): Promise<PutResult>;
  /** @throws CosaError `DELETE_UNSUPPORTED` (exit 1) */
  delete(digest: Digest): Promise<void>;
  /** Removes a tag alone. @throws CosaError `DELETE_UNSUPPORTED` (exit 1) */
  deleteTag(tag: string): Promise<void>;
}

/** A manifest that is to be stored. */
interface NewManifest extends StoredManifest {
  /** Stored under its digest alone unless given. */
  tag?: string | undefined;
  /** Headers such as `If-Match`. */
  conditions?: Readonly<Record<string, string>> | undefined;
}

interface PutResult {
  /** The registry has the referrers API and lists the manifest there. */
  isListed: boolean;
  /** A condition does not hold: nothing was stored. */
  isRefused: boolean;
}

export function createManifests(requests: RepositoryRequests): Manifests {
  const { where } = requests;
  const cache = createManifestCache();
  /** Sizes that nothing but a HEAD has told: some registries, and proxies before them, do not know them. */
  const claimed = new Map<Digest, number>();

  async function resolve(reference: string, access: 'pull' | 'push' = 'pull'): Promise<Descriptor | undefined> {
    const what = nameOf(where, reference);
    const answer = await requests.send({ ...request('HEAD', reference, access), accept: [200, 404, ...headRefused] });
    await answer.discard();
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) return (await get(reference, access))?.descriptor;
    const mediaType = declaredType(answer.header('content-type'));
    refuseSchema1(mediaType, what);
    const digest = answer.header('docker-content-digest');
    const size = Number(answer.header('content-length') ?? Number.NaN);
    // What a registry does not tell without it, the content does.
    const isPlausible = size > 0 && size <= maximumManifestBytes && encodingOf(answer) === undefined;
    if (mediaType === undefined || digest === undefined || !isDigest(digest) || !isPlausible) {
      return (await get(reference, access))?.descriptor;
    }
    if (isDigest(reference) && digest !== reference) throw digestMismatch(what, reference, digest);
    const known = cache.get(digest);
    if (known === undefined) claimed.set(digest, size);
    return { mediaType, digest, size: known?.bytes.length ?? size };
  }

  async function get(reference: string, access: 'pull' | 'push', signal?: AbortSignal) {
    const what = nameOf(where, reference);
    const { answer, bytes } = await requests
      .read({ ...request('GET', reference, access), signal }, `manifest ${reference}`, maximumManifestBytes)
      .catch((error: unknown) => {
        throw hasCode(error, 'REGISTRY_ANSWER_TOO_LARGE') ? tooLarge(what) : error;
      });
    if (answer.status === 404) return undefined;
    const mediaType = declaredType(answer.header('content-type')) ?? typeOfContent(bytes);
    refuseSchema1(mediaType, what);
    const digest = digestOf(bytes);
    const expected = isDigest(reference) ? reference : answer.header('docker-content-digest');
    if (expected !== undefined && isDigest(expected) && digest !== expected) {
      throw digestMismatch(what, expected, digest);
    }
    if (mediaType === undefined) throw answerInvalid(where, `${what} is no manifest`);
    cache.set(digest, { mediaType, bytes });
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  }

  async function resolveDigest(digest: Digest): Promise<Descriptor | undefined> {
    const known = cache.get(digest);
    return known === undefined ? resolve(digest) : { mediaType: known.mediaType, digest, size: known.bytes.length };
  }

  async function read(descriptor: Descriptor, signal?: AbortSignal): Promise<Buffer> {
    const bytes = cache.get(descriptor.digest)?.bytes ?? (await get(descriptor.digest, 'pull', signal))?.bytes;
    if (bytes === undefined) throw blobMissing(where, descriptor);
    if (bytes.length === descriptor.size) return bytes;
    if (claimed.get(descriptor.digest) !== descriptor.size) throw sizeMismatch(descriptor, String(bytes.length), where);
    // The digest proves the content. Whoever holds the descriptor is to go on with the right size.
    descriptor.size = bytes.length;
    return bytes;
  }

  async function put({ bytes, mediaType, tag, conditions = {} }: NewManifest): Promise<PutResult> {
    const digest = digestOf(bytes);
    const what = nameOf(where, tag ?? digest);
    if (bytes.length > maximumManifestBytes) throw tooLarge(what, bytes.length);
    const answer = await requests.send({
      method: 'PUT',
      path: `manifests/${tag ?? digest}`,
      access: 'push',
      headers: { 'Content-Type': mediaType, ...conditions },
      body: bytes,
      accept: Object.keys(conditions).length === 0 ? [200, 201, 202] : [200, 201, 202, 412],
      refusalCode: 'MANIFEST_REFUSED',
    });
    await answer.discard();
    if (answer.status === 412) return { isListed: false, isRefused: true };
    const stored = answer.header('docker-content-digest');
    if (stored !== undefined && isDigest(stored) && stored !== digest) throw digestMismatch(what, digest, stored);
    cache.set(digest, { mediaType, bytes });
    // https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-manifests-with-subject
    return { isListed: answer.header('oci-subject') !== undefined, isRefused: false };
  }

  async function remove(digest: Digest): Promise<void> {
    cache.delete(digest);
    await removeReference(digest, 'manifests');
  }

  // https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#deleting-tags
  async function removeReference(reference: string, what: 'manifests' | 'tags'): Promise<void> {
    const answer = await requests.send({
      method: 'DELETE',
      path: `manifests/${reference}`,
      access: 'delete',
      accept: [200, 202, 204, 400, 404, 405, 501],
    });
    await answer.discard();
    // A second attempt may find that the first one, whose answer was lost, has done it.
    if (answer.status < 400 || answer.status === 404) return;
    throw new CosaError('DELETE_UNSUPPORTED', `${where}: the registry does not delete ${what} (${answer.status})`, {
      hint: 'allow deletion in the registry’s configuration, or let its own retention rules remove images',
    });
  }

  return { resolve, resolveDigest, get, read, put, delete: remove, deleteTag: (tag) => removeReference(tag, 'tags') };
}

/** How servers refuse a HEAD that answer a GET: then that decides, and says what is wrong. */
const headRefused = [400, 403, 405, 501];

function request(method: 'GET' | 'HEAD', reference: string, access: 'pull' | 'push'): RepositoryRequest {
  return {
    method,
    path: `manifests/${reference}`,
    access,
    headers: { Accept: acceptedManifests },
    accept: [200, 404],
  };
}

function nameOf(where: string, reference: string): string {
  return isDigest(reference) ? `${where}@${reference}` : `${where}:${reference}`;
}

function tooLarge(what: string, size?: number): CosaError {
  const found = size === undefined ? `more than ${maximumManifestBytes}` : String(size);
  return verificationError(
    'MANIFEST_TOO_LARGE',
    `${what}: the manifest has ${found} bytes; at most ${maximumManifestBytes} are accepted`,
  );
}

function digestMismatch(what: string, expected: Digest, found: Digest): CosaError {
  return verificationError(
    'MANIFEST_DIGEST_MISMATCH',
    `${what}: the manifest should have the digest ${expected}, but it has ${found}`,
    { hint: 'the registry, or a proxy before it, is damaged or lies: push the image again or use another registry' },
  );
}
