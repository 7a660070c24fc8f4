import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { markTemporary } from '../../../http/temporary-errors.ts';
import { CosaError, verificationError } from '../../../lib/errors.ts';
import { mapParallel } from '../../../lib/parallel.ts';
import { objectChanged } from '../../object-errors.ts';
import type { ObjectHeaders, StoredObject, UploadOptions, UploadSource } from '../../object-store.ts';
import { checksumName, etagOf, objectOf, type S3Bucket, until, writeHeaders } from './bucket.ts';
import { isNamed } from './errors.ts';
import { abortUpload, type OpenUpload, openUploads } from './open-uploads.ts';
import { readParts } from './part-reader.ts';
import { statObject } from './stat-object.ts';

/** Small enough that a broken one costs little, large enough that requests do not count, in bytes. */
const usualPartSize = 16 * 1024 * 1024;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const mostParts = 10_000;
/** How many parts are under way: so many are held in memory. */
const partsAtOnce = 4;

/** What one upload is about. */
interface Upload {
  place: S3Bucket;
  key: string;
  source: UploadSource;
  headers: ObjectHeaders;
}

/** As `ObjectStore.upload` says. */
export async function uploadObject(
  place: S3Bucket,
  key: string,
  source: UploadSource,
  headers: ObjectHeaders,
  options: UploadOptions,
): Promise<StoredObject> {
  const upload: Upload = { place, key, source, headers };
  const there = await statObject(place, key, options.signal);
  if (there !== undefined && isSame(there, source)) {
    options.report?.(source.size);
    return there;
  }
  try {
    if (source.size <= usualPartSize) await putWhole(upload, options);
    else await putInParts(upload, options);
  } catch (error) {
    if (error instanceof CosaError && error.code === 'STORE_CHECKSUM') await removeDamaged(upload);
    throw error;
  }
  const stored = await statObject(place, key, options.signal);
  // Somebody else has written to it since.
  if (stored === undefined || !isSame(stored, source)) throw objectChanged(key, place.url);
  return stored;
}

/** Our checksum stands beside what arrived damaged: the next attempt, and everybody else, would take it for whole. */
async function removeDamaged({ place, key, source }: Upload): Promise<void> {
  const command = new DeleteObjectCommand(objectOf(place, key));
  const send = async () => {
    const there = await statObject(place, key, undefined);
    if (there !== undefined && isSame(there, source)) await place.connection.client.send(command);
  };
  await place.connection.attempt(`removing ${key}`, send, undefined).catch(() => undefined);
}

function isSame(there: StoredObject, { size, sha256 }: UploadSource): boolean {
  return there.size === size && there.sha256 === sha256;
}

async function putWhole({ place, key, source, headers }: Upload, { report, signal }: UploadOptions): Promise<void> {
  await using reader = readParts(source, key, Math.max(source.size, 1), signal);
  const { bytes } = await reader.next();
  await reader.finish();
  const md5 = createHash('md5').update(bytes).digest();
  const command = new PutObjectCommand({
    ...objectOf(place, key),
    ...writeHeaders(place, headers),
    Metadata: { [checksumName]: source.sha256 },
    Body: bytes,
    ContentMD5: md5.toString('base64'),
  });
  const send = async () => {
    const answer = await place.connection.client.send(command, until(signal));
    if (!hasEtag(answer, md5.toString('hex'))) throw markTemporary(wrongEtag(key, place));
  };
  await place.connection.attempt(`uploading ${key}`, send, signal);
  report?.(source.size);
}

async function putInParts(upload: Upload, { report, signal }: UploadOptions): Promise<void> {
  const { place, key, source } = upload;
  const partSize = partSizeOf(source.size);
  const count = Math.ceil(source.size / partSize);
  const found = await openUploads(place, key, signal);
  const target = targetOf(upload, found, signal);
  await using reader = readParts(source, key, partSize, signal);
  const sendNext = async (number: number, stop: AbortSignal): Promise<Buffer> => {
    const { bytes, release } = await reader.next();
    try {
      const md5 = createHash('md5').update(bytes).digest();
      const { id, parts } = await target.for(number, { size: bytes.length, etag: md5.toString('hex') });
      const there = parts.get(number);
      if (there?.size !== bytes.length || there.etag !== md5.toString('hex')) {
        await sendPart(upload, { id, number, bytes, md5 }, stop);
      }
      report?.(bytes.length);
      return md5;
    } finally {
      release();
    }
  };
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const checksums = await mapParallel(numbers, sendNext, partsAtOnce, signal);
  try {
    await reader.finish();
  } catch (error) {
    await abortUpload(place, key, await target.id(), signal);
    throw error;
  }
  const id = await target.id();
  await complete(upload, id, checksums, signal);
  for (const other of found) if (other.id !== id) await abortUpload(place, key, other.id, signal);
}

/** Parts have one size but for the last, which follows from the whole: so another attempt cuts where this one does. */
function partSizeOf(size: number): number {
  const mebibyte = 1024 * 1024;
  return Math.max(usualPartSize, Math.ceil(size / mostParts / mebibyte) * mebibyte);
}

/**
 * Decides which upload the parts go to: one that has the same first part as ours, or a new one. Another content may begin
 * alike; its parts are compared one by one, and the checksum beside the object in the end.
 */
function targetOf(
  { place, key, source, headers }: Upload,
  found: readonly OpenUpload[],
  signal: AbortSignal | undefined,
) {
  let decide: (upload: OpenUpload | Promise<OpenUpload>) => void;
  const decided = new Promise<OpenUpload>((resolve) => {
    decide = resolve;
  });
  decided.catch(() => undefined);

  async function begin(): Promise<OpenUpload> {
    const command = new CreateMultipartUploadCommand({
      ...objectOf(place, key),
      ...writeHeaders(place, headers),
      Metadata: { [checksumName]: source.sha256 },
    });
    const send = () => place.connection.client.send(command, until(signal));
    const { UploadId: id } = await place.connection.attempt(`uploading ${key}`, send, signal);
    if (id === undefined) {
      throw verificationError('STORE_ANSWER_INVALID', `${place.url} begins an upload of ${key} without a name for it`);
    }
    return { id, parts: new Map() };
  }

  return {
    id: async () => (await decided).id,
    for(number: number, part: { size: number; etag: string }): Promise<OpenUpload> {
      if (number === 1) {
        const same = found.find(({ parts }) => parts.get(1)?.etag === part.etag && parts.get(1)?.size === part.size);
        decide(same ?? begin());
      }
      return decided;
    },
  };
}

async function sendPart(
  { place, key }: Upload,
  { id, number, bytes, md5 }: { id: string; number: number; bytes: Buffer; md5: Buffer },
  signal: AbortSignal,
): Promise<void> {
  const command = new UploadPartCommand({
    ...objectOf(place, key),
    UploadId: id,
    PartNumber: number,
    Body: bytes,
    ContentMD5: md5.toString('base64'),
  });
  const send = async () => {
    const answer = await place.connection.client.send(command, until(signal));
    if (!hasEtag(answer, md5.toString('hex'))) throw markTemporary(wrongEtag(key, place));
  };
  await place.connection.attempt(`uploading part ${number} of ${key}`, send, signal);
}

async function complete(
  { place, key, source }: Upload,
  id: string,
  checksums: readonly Buffer[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const command = new CompleteMultipartUploadCommand({
    ...objectOf(place, key),
    UploadId: id,
    MultipartUpload: {
      Parts: checksums.map((md5, index) => ({ PartNumber: index + 1, ETag: `"${md5.toString('hex')}"` })),
    },
  });
  const whole = createHash('md5').update(Buffer.concat(checksums)).digest('hex');
  const send = async () => {
    try {
      const answer = await place.connection.client.send(command, until(signal));
      // Its parts are gone: to ask again would not help.
      if (!hasEtag(answer, `${whole}-${checksums.length}`)) throw wrongEtag(key, place);
    } catch (error) {
      // Another attempt, or another publisher, has completed it.
      if (!isNamed(error, 'NoSuchUpload')) throw error;
      const there = await statObject(place, key, signal);
      if (there === undefined || !isSame(there, source)) throw objectChanged(key, place.url);
    }
  };
  await place.connection.attempt(`completing ${key}`, send, signal);
}

interface WriteAnswer {
  ETag?: string | undefined;
  ServerSideEncryption?: string | undefined;
}

/** The etag follows from the bytes, except where the service encrypts them with keys of its own. */
function hasEtag({ ETag, ServerSideEncryption }: WriteAnswer, expected: string): boolean {
  return etagOf(ETag) === expected || ServerSideEncryption?.startsWith('aws:kms') === true;
}

function wrongEtag(key: string, { url }: S3Bucket): CosaError {
  return verificationError('STORE_CHECKSUM', `${url} has other bytes of ${key} than were sent: its etag tells`, {
    hint: 'something between here and there changes bytes: look at proxies',
  });
}
