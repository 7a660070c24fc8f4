import { GetObjectCommand } from '@aws-sdk/client-s3';
import { isTemporary } from '../../../http/temporary-errors.ts';
import { objectChanged, objectMissing } from '../../object-errors.ts';
import type { ReadOptions } from '../../object-store.ts';
import { objectOf, type S3Bucket, until } from './bucket.ts';
import { isNamed, statusOf } from './errors.ts';
import { statObject } from './stat-object.ts';

/** So much that comes is progress, in bytes: attempts count anew. */
const progress = 64 * 1024;

/** As `ObjectStore.read` says. A transfer that breaks goes on where it stopped, as long as the object is the same. */
export async function* readObject(
  place: S3Bucket,
  key: string,
  { start = 0, end, signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  const { connection, url } = place;
  const doing = `reading ${key}`;
  const attempts = connection.attempts(doing, signal);
  let at = start;
  let etag: string | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const begin = at;
    try {
      if (end !== undefined && at >= end) {
        if (etag === undefined && (await statObject(place, key, signal)) === undefined) throw objectMissing(key, url);
        return;
      }
      const command = new GetObjectCommand({
        ...objectOf(place, key),
        ...(at === 0 && end === undefined ? {} : { Range: `bytes=${at}-${end === undefined ? '' : end - 1}` }),
        ...(etag === undefined ? {} : { IfMatch: etag }),
      });
      const answer = await connection.client.send(command, until(signal));
      etag = answer.ETag;
      for await (const chunk of answer.Body as AsyncIterable<Uint8Array>) {
        at += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      if (isNamed(error, 'NoSuchKey')) throw objectMissing(key, url);
      if (statusOf(error) === 416) return;
      if (statusOf(error) === 412) throw objectChanged(key, url);
      const explained = connection.explain(error, doing);
      if (!isTemporary(explained)) throw explained;
      if (at - begin >= progress) attempts.progressed();
      await attempts.failed(explained);
    }
  }
}
