import { type Digest, isDigest } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import type { Descriptor } from '../types.ts';
import type { RegistryRequest, RegistryResponse } from './client.ts';
import type { Feed } from './feed.ts';
import { answerInvalid, type RepositoryRequests } from './requests.ts';

// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-blobs

/** A blob that a registry is taking in: where its next bytes go, and how many it has. */
export interface UploadSession {
  location: URL;
  offset: number;
}

/** Statuses of a registry that does not know an upload, or not in this state, any more. */
const lost = [404, 416];
const bytesType = { 'Content-Type': 'application/octet-stream' };
/** For leaving an upload behind: the registry forgets it by itself, sooner or later. */
const cancelMilliseconds = 5_000;

/**
 * Begins an upload, or spares it.
 * @param from another repository of the registry that has the blob
 * @returns `mounted` if the registry took the blob from there
 */
export async function beginUpload(
  requests: RepositoryRequests,
  digest: Digest,
  from: string | undefined,
  signal?: AbortSignal,
): Promise<UploadSession | 'mounted'> {
  const mount = from === undefined ? '' : `?mount=${digest}&from=${encodeURIComponent(from)}`;
  const answer = await requests.send({
    method: 'POST',
    path: `blobs/uploads/${mount}`,
    access: 'push',
    from,
    accept: from === undefined ? [202] : [201, 202],
    // A mount is not worth waiting for: the bytes can be sent.
    retry: from === undefined,
    signal,
  });
  await answer.discard();
  if (answer.status === 201) {
    checkDigest(requests, answer, digest);
    return 'mounted';
  }
  return { location: locationOf(requests, answer), offset: 0 };
}

/**
 * Sends all bytes that the registry does not have yet, in one request.
 * @returns the session after them, or `undefined` if the registry has lost it
 * @throws CosaError `BLOB_REFUSED` (exit 1) if the registry does not take them
 */
export async function sendRest(
  requests: RepositoryRequests,
  session: UploadSession,
  descriptor: Descriptor,
  feed: Feed,
  signal?: AbortSignal,
): Promise<UploadSession | undefined> {
  const { location, offset } = session;
  const { size } = descriptor;
  const answer = await requests.send({
    method: 'PATCH',
    path: location,
    access: 'push',
    // A stream of all bytes needs no range, and some registries refuse one.
    headers: offset === 0 ? bytesType : { ...bytesType, 'Content-Range': `${offset}-${size - 1}` },
    body: { size: size - offset, open: () => feed.open(offset), release: feed.release },
    accept: [200, 201, 202, 204, ...lost],
    refusalCode: 'BLOB_REFUSED',
    retry: false,
    signal,
  });
  await answer.discard();
  if (lost.includes(answer.status)) return undefined;
  return { location: locationOf(requests, answer, location), offset: reachedBytes(answer) ?? size };
}

/**
 * Closes an upload: the registry compares the digest, and the blob is there.
 * @param body the whole blob, if nothing was sent yet
 * @returns false if the registry has lost the session
 * @throws CosaError `BLOB_DIGEST_MISMATCH` (exit 4) if the registry says that it stored something else, `BLOB_REFUSED`
 *   (exit 1) if it does not take what it was sent
 */
export async function finishUpload(
  requests: RepositoryRequests,
  session: UploadSession,
  digest: Digest,
  body?: RegistryRequest['body'],
  signal?: AbortSignal,
): Promise<boolean> {
  const path = new URL(session.location);
  // Added by hand: URLSearchParams would write anew what a storage service may have signed.
  path.search += `${path.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`;
  const answer = await requests.send({
    method: 'PUT',
    path,
    access: 'push',
    headers: bytesType,
    body: body ?? new Uint8Array(),
    accept: [200, 201, 202, 204, ...lost],
    refusalCode: 'BLOB_REFUSED',
    retry: false,
    signal,
  });
  await answer.discard();
  if (lost.includes(answer.status)) return false;
  checkDigest(requests, answer, digest);
  return true;
}

/** Asks how far an upload has come. @returns `undefined` if there is nothing to go on with */
export async function uploadStatus(
  requests: RepositoryRequests,
  session: UploadSession,
  signal?: AbortSignal,
): Promise<UploadSession | undefined> {
  const answer = await requests.send({
    method: 'GET',
    path: session.location,
    access: 'push',
    accept: [200, 202, 204, 400, 405, ...lost],
    signal,
  });
  await answer.discard();
  const offset = reachedBytes(answer);
  if (answer.status >= 400 || offset === undefined) return undefined;
  return { location: locationOf(requests, answer, session.location), offset };
}

/** Tells the registry to forget an upload. That may fail: it is a courtesy, and nobody sees an unfinished upload. */
export async function cancelUpload(requests: RepositoryRequests, session: UploadSession): Promise<void> {
  try {
    const answer = await requests.send({
      method: 'DELETE',
      path: session.location,
      access: 'push',
      accept: [200, 202, 204, 400, 404, 405],
      retry: false,
      signal: AbortSignal.timeout(cancelMilliseconds),
    });
    await answer.discard();
  } catch {
    // What made us give up is worth telling, this is not.
  }
}

/** Relative or absolute; the same place if the registry does not say. */
function locationOf(requests: RepositoryRequests, answer: RegistryResponse, before?: URL): URL {
  const location = answer.header('location');
  if (location !== undefined && URL.canParse(location, answer.url.href)) return new URL(location, answer.url);
  if (location === undefined && before !== undefined) return before;
  throw answerInvalid(requests.where, `an upload without a usable Location (${answer.status})`);
}

/** Reads `Range: 0-N`: how many bytes the registry has. `0-0` is what registries say for none. */
function reachedBytes(answer: RegistryResponse): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(answer.header('range') ?? '')?.[1];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}

function checkDigest(requests: RepositoryRequests, answer: RegistryResponse, digest: Digest): void {
  const stored = answer.header('docker-content-digest');
  if (stored === undefined || !isDigest(stored) || stored === digest) return;
  throw verificationError('BLOB_DIGEST_MISMATCH', `${requests.where}: blob ${digest} was stored as ${stored}`, {
    hint: 'the registry, or a proxy before it, is damaged or lies: use another one',
  });
}
