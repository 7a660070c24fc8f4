import { contentRange, type Part, resumed, skip } from '../../http/resume.ts';
import type { Digest } from '../../lib/digest.ts';
import { type CosaError, verificationError } from '../../lib/errors.ts';
import type { Descriptor } from '../types.ts';
import { sizeMismatch, verified } from '../verified.ts';
import type { RegistryResponse } from './client.ts';
import { encoded, encodingOf, type RepositoryRequests } from './requests.ts';

/**
 * A blob's verified bytes, streamed; see `ContentReader.readBlob`. A transfer that breaks goes on where it stopped.
 * @throws CosaError `BLOB_MISSING`, `LAYER_FOREIGN`, `BLOB_SIZE_MISMATCH`, `BLOB_DIGEST_MISMATCH` (exit 4), what
 *   `RegistryClient.request` throws
 */
export function downloadBlob(
  requests: RepositoryRequests,
  descriptor: Descriptor,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const attempts = requests.client.attempts(`blob ${descriptor.digest}`, signal);
  const open = (offset: number) => openAt(requests, descriptor, offset, signal);
  return verified(resumed(descriptor.size, open, attempts), descriptor, requests.where);
}

/**
 * True if the repository has the blob.
 * @param access `push` asks the registry itself, never a mirror
 */
export async function hasBlob(
  requests: RepositoryRequests,
  digest: Digest,
  access: 'pull' | 'push' = 'pull',
): Promise<boolean> {
  const request = { path: `blobs/${digest}`, access };
  const answer = await requests.send({ ...request, method: 'HEAD', accept: [200, 404, ...headRefused] });
  await answer.discard();
  if (answer.status === 200 || answer.status === 404) return answer.status === 200;
  const whole = await requests.send({ ...request, method: 'GET', accept: [200, 404] });
  await whole.discard();
  return whole.status === 200;
}

/** How servers refuse a HEAD that answer a GET. */
const headRefused = [400, 403, 405, 501];

/** The error for a blob that is referenced and not there. */
export function blobMissing(where: string, descriptor: Descriptor): CosaError {
  const { digest, mediaType } = descriptor;
  if (isForeign(mediaType)) {
    return verificationError(
      'LAYER_FOREIGN',
      `layer ${digest} is not in ${where}: its media type ${mediaType} says that it must be had from elsewhere`,
      { hint: 'use an image whose layers are all in the registry' },
    );
  }
  return verificationError('BLOB_MISSING', `blob ${digest} is missing in ${where}`, {
    hint: 'push or copy the image there again',
  });
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#non-distributable-layers */
function isForeign(mediaType: string): boolean {
  return mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
}

async function openAt(
  requests: RepositoryRequests,
  descriptor: Descriptor,
  offset: number,
  signal?: AbortSignal,
): Promise<Part> {
  if (offset === 0) return openWhole(requests, descriptor, 0, signal);
  const answer = await get(requests, descriptor, { Range: `bytes=${offset}-` }, signal);
  if (answer.status === 200) return wholeAnswer(requests, descriptor, answer, offset);
  const range = contentRange(answer.header('content-range'));
  if (range.total !== undefined && range.total !== descriptor.size) {
    await answer.discard();
    throw sizeMismatch(descriptor, String(range.total), requests.where);
  }
  if (answer.status === 206 && range.start === offset && range.end !== undefined) {
    return { body: answer.body, end: range.end };
  }
  // Neither a 416 nor other bytes than those asked for are of use: without a range every server can do it.
  await answer.discard();
  return openWhole(requests, descriptor, offset, signal);
}

async function openWhole(
  requests: RepositoryRequests,
  descriptor: Descriptor,
  offset: number,
  signal?: AbortSignal,
): Promise<Part> {
  return wholeAnswer(requests, descriptor, await get(requests, descriptor, {}, signal), offset);
}

async function wholeAnswer(
  requests: RepositoryRequests,
  descriptor: Descriptor,
  answer: RegistryResponse,
  offset: number,
): Promise<Part> {
  const length = answer.header('content-length');
  const encoding = encodingOf(answer);
  // Storage keeps such a header with blobs that are compressed themselves: then the length fits, and the digest will.
  if (encoding !== undefined && Number(length) !== descriptor.size) {
    await answer.discard();
    throw encoded(requests.where, `blob ${descriptor.digest}`, encoding);
  }
  // Told before the first byte, so that nobody works through gigabytes of the wrong thing.
  if (length !== undefined && Number(length) !== descriptor.size) {
    await answer.discard();
    throw sizeMismatch(descriptor, length, requests.where);
  }
  return { body: offset === 0 ? answer.body : skip(answer.body, offset), end: descriptor.size };
}

async function get(
  requests: RepositoryRequests,
  descriptor: Descriptor,
  headers: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<RegistryResponse> {
  const accept = 'Range' in headers ? [200, 206, 404, 416] : [200, 404];
  const answer = await requests.send({
    method: 'GET',
    path: `blobs/${descriptor.digest}`,
    access: 'pull',
    headers,
    accept,
    signal,
  });
  if (answer.status !== 404) return answer;
  await answer.discard();
  throw blobMissing(requests.where, descriptor);
}
