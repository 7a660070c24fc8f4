import type { BufferPool } from '../../lib/buffer-pool.ts';
import { CosaError } from '../../lib/errors.ts';
import { exitStatus } from '../../lib/exit-status.ts';
import type { BlobSource, TransferOptions } from '../store.ts';
import { hasBlob } from './download.ts';
import { feedOf } from './feed.ts';
import { hasCode, type RepositoryRequests } from './requests.ts';
import {
  beginUpload,
  cancelUpload,
  finishUpload,
  sendRest,
  type UploadSession,
  uploadStatus,
} from './upload-session.ts';

/** Blobs up to this size are read into memory and sent with one request. */
const smallBlobBytes = 1024 * 1024;
/** A registry that forgets uploads again and again keeps none. */
const maximumLosses = 3;

/**
 * Stores a blob in a repository; see `ContentWriter.putBlob`. An upload that breaks goes on where it stopped, if the
 * registry still has it, or else from the start. Nothing is stored if the source fails.
 * @param buffers for the pieces of large blobs
 * @throws CosaError `UPLOAD_LOST` (exit 1), `BLOB_SIZE_MISMATCH`, `BLOB_DIGEST_MISMATCH` (exit 4), what the source
 *   and `RegistryClient.request` throw
 */
export async function uploadBlob(
  requests: RepositoryRequests,
  source: BlobSource,
  buffers: BufferPool,
  options: TransferOptions = {},
): Promise<'written' | 'mounted'> {
  const { descriptor } = source;
  const { digest, size } = descriptor;
  const { signal } = options;
  const feed = feedOf(source, buffers, options);
  const isSmall = size <= smallBlobBytes;
  const attempts = requests.client.attempts(`blob ${digest}`, signal);
  let content: Buffer | undefined;
  let session: UploadSession | undefined;
  let furthest = 0;
  let losses = 0;

  /** Sends what is missing and closes the upload. False if the registry has lost it. */
  async function complete(current: UploadSession): Promise<boolean> {
    if (isSmall) {
      content ??= await feed.readAll();
      return finishUpload(requests, current, digest, content, signal);
    }
    let reached = current;
    let isDoubtful = false;
    while (reached.offset < size) {
      const next = await sendRest(requests, reached, descriptor, feed, signal);
      // Some registries count late: they take all bytes, and say that they have fewer, or none. Once that was wrong to
      // believe, it is not believed again; the digest proves in the end what they have.
      isDoubtful ||= next === undefined ? reached !== current : next.offset < size;
      if (next === undefined && !isDoubtful) return false;
      const location = next?.location ?? reached.location;
      const isBelieved = next !== undefined && losses === 0 && next.offset > reached.offset;
      reached = session = { location, offset: isBelieved ? next.offset : size };
    }
    try {
      return await finishUpload(requests, reached, digest, undefined, signal);
    } catch (error) {
      // The second is what an upload's place becomes that lies outside of the registry.
      if (isDoubtful && hasCode(error, 'BLOB_REFUSED', 'REGISTRY_FAILED')) return false;
      throw error;
    }
  }

  /** Where to go on after a break; `undefined`: from the start. */
  async function recover(broken: UploadSession): Promise<UploadSession | undefined> {
    const found = isSmall ? undefined : await uploadStatus(requests, broken, signal);
    if (found !== undefined && found.offset <= size) {
      feed.setPosition(found.offset);
      if (found.offset > furthest) attempts.progressed();
      furthest = Math.max(furthest, found.offset);
      return found;
    }
    await cancelUpload(requests, broken);
    return undefined;
  }

  try {
    while (true) {
      if (session === undefined) {
        const begun = await begin(requests, source, signal);
        // A small blob stays read: it is only sent again.
        if (begun === 'mounted' || !isSmall) feed.setPosition(0);
        if (begun === 'mounted') return begun;
        session = begun;
      }
      try {
        if (await complete(session)) return 'written';
      } catch (failure) {
        if (feed.failure() !== undefined) throw failure;
        await attempts.failed(failure);
        // The registry may have finished, and only its answer was lost.
        if ((isSmall || session.offset === size) && (await hasBlob(requests, digest, 'push'))) return 'written';
        session = await recover(session);
        continue;
      }
      session = undefined;
      losses += 1;
      if (losses > maximumLosses) throw uploadLost(requests.where, digest, losses);
    }
  } catch (error) {
    if (session !== undefined) await cancelUpload(requests, session);
    throw error;
  }
}

/** Begins an upload; a registry that does not take the blob from the other repository is sent the bytes. */
async function begin(
  requests: RepositoryRequests,
  { descriptor, mountSource }: BlobSource,
  signal: AbortSignal | undefined,
): Promise<UploadSession | 'mounted'> {
  if (mountSource?.host === requests.client.host) {
    try {
      return await beginUpload(requests, descriptor.digest, mountSource.repository, signal);
    } catch (error) {
      // Whatever a registry has against the mount: to send the bytes is always possible, and fails with its own reason.
      signal?.throwIfAborted();
      if (!(error instanceof CosaError) || error.exitStatus !== exitStatus.failed) throw error;
    }
  }
  return beginUpload(requests, descriptor.digest, undefined, signal);
}

function uploadLost(where: string, digest: string, times: number): CosaError {
  return new CosaError('UPLOAD_LOST', `${where}: the registry has lost the upload of blob ${digest} ${times} times`, {
    hint: 'if several servers share the address, let them share their storage; then run the command again',
  });
}
