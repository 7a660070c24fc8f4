import { AbortMultipartUploadCommand, ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import { etagOf, objectOf, type S3Bucket, until } from './bucket.ts';
import { isNamed, statusOf } from './errors.ts';

/** A part that a server has. */
interface StoredPart {
  size: number;
  etag: string;
}

/** An upload of an object that was begun and neither completed nor given up. */
export interface OpenUpload {
  id: string;
  /** By number, from 1. */
  parts: ReadonlyMap<number, StoredPart>;
}

/** More leftovers of one object are not looked at. */
const mostUploads = 10;

/** The open uploads of a key, with what they have; none where nobody may ask for them. */
export async function openUploads(
  place: S3Bucket,
  key: string,
  signal: AbortSignal | undefined,
): Promise<OpenUpload[]> {
  const { connection, bucket } = place;
  const { Key } = objectOf(place, key);
  const command = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: Key });
  const send = async () => {
    try {
      return await connection.client.send(command, until(signal));
    } catch (error) {
      if (statusOf(error) === 403 || statusOf(error) === 501) return undefined;
      throw error;
    }
  };
  const answer = await connection.attempt(`looking for open uploads of ${key}`, send, signal);
  const ids = (answer?.Uploads ?? []).flatMap((upload) => (upload.Key === Key ? (upload.UploadId ?? []) : []));
  const found: OpenUpload[] = [];
  for (const id of ids.slice(0, mostUploads)) {
    const parts = await partsOf(place, key, id, signal);
    if (parts !== undefined) found.push({ id, parts });
  }
  return found;
}

async function partsOf(
  place: S3Bucket,
  key: string,
  id: string,
  signal: AbortSignal | undefined,
): Promise<Map<number, StoredPart> | undefined> {
  const parts = new Map<number, StoredPart>();
  let marker: string | undefined;
  do {
    const command = new ListPartsCommand({ ...objectOf(place, key), UploadId: id, PartNumberMarker: marker });
    const send = async () => {
      try {
        return await place.connection.client.send(command, until(signal));
      } catch (error) {
        // Completed or given up just now, or not for us to see.
        if (isNamed(error, 'NoSuchUpload') || statusOf(error) === 403) return undefined;
        throw error;
      }
    };
    const page = await place.connection.attempt(`listing the parts of ${key}`, send, signal);
    if (page === undefined) return undefined;
    for (const { PartNumber, Size, ETag } of page.Parts ?? []) {
      if (PartNumber !== undefined && Size !== undefined) parts.set(PartNumber, { size: Size, etag: etagOf(ETag) });
    }
    marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return parts;
}

/** Gives an upload up; its parts are gone then. No error if it is gone already, or is not ours to remove. */
export async function abortUpload(
  place: S3Bucket,
  key: string,
  id: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const command = new AbortMultipartUploadCommand({ ...objectOf(place, key), UploadId: id });
  const send = async () => {
    try {
      await place.connection.client.send(command, until(signal));
    } catch (error) {
      if (statusOf(error) !== 404 && statusOf(error) !== 403) throw error;
    }
  };
  await place.connection.attempt(`giving up an upload of ${key}`, send, signal);
}
