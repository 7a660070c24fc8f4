import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { isKey } from '../../keys.ts';
import type { StoredObject } from '../../object-store.ts';
import { etagOf, type S3Bucket, until } from './bucket.ts';

/** As `ObjectStore.list` says. */
export async function* listObjects(
  place: S3Bucket,
  listed: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredObject> {
  const { bucket, prefix, connection } = place;
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket,
      Prefix: `${prefix}${listed}`,
      ContinuationToken: token,
    });
    const send = () => connection.client.send(command, until(signal));
    const page = await connection.attempt(`listing ${listed}`, send, signal);
    for (const { Key = '', Size = 0, ETag, LastModified = new Date(0) } of page.Contents ?? []) {
      const key = Key.slice(prefix.length);
      if (isKey(key)) yield { key, size: Size, etag: etagOf(ETag), modified: LastModified };
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}
