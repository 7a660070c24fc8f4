import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { StoredObject } from '../../object-store.ts';
import { checksumName, etagOf, objectOf, type S3Bucket, until } from './bucket.ts';
import { statusOf } from './errors.ts';

/** As `ObjectStore.stat` says. */
export async function statObject(
  place: S3Bucket,
  key: string,
  signal: AbortSignal | undefined,
): Promise<StoredObject | undefined> {
  const command = new HeadObjectCommand(objectOf(place, key));
  const send = async () => {
    try {
      return await place.connection.client.send(command, until(signal));
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  };
  const answer = await place.connection.attempt(`looking for ${key}`, send, signal);
  if (answer === undefined) return undefined;
  const sha256 = answer.Metadata?.[checksumName];
  return {
    key,
    size: answer.ContentLength ?? 0,
    etag: etagOf(answer.ETag),
    modified: answer.LastModified ?? new Date(0),
    ...(sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256) ? {} : { sha256 }),
  };
}
