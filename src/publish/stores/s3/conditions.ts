import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { etagOf, objectOf, type S3Bucket, until } from './bucket.ts';
import { isNamed, statusOf } from './errors.ts';

/** No key that anybody would use. */
const probeKey = 'cosa-tries-conditional-writes';

/**
 * Finds out whether a server honours conditions of writes, by trying: some take them and write all the same. Amazon's does.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export async function triesConditions(place: S3Bucket, signal: AbortSignal | undefined): Promise<boolean> {
  const { connection } = place;
  if (connection.endpoint === undefined) return true;
  /** The etag, or `undefined` if the condition was refused. */
  const write = async (condition: { IfNoneMatch?: string; IfMatch?: string }) => {
    try {
      const command = new PutObjectCommand({ ...objectOf(place, probeKey), ...condition, Body: new Uint8Array() });
      return etagOf((await connection.client.send(command, until(signal))).ETag);
    } catch (error) {
      const isRefused = statusOf(error) === 412 || isNamed(error, 'ConditionalRequestConflict');
      if (isRefused || statusOf(error) === 501) return undefined;
      throw error;
    }
  };
  const attempt = async () => {
    // Whoever tries at the same time may have made it or be about to remove it: it must be there for both of these.
    const written = await write({});
    if (written === undefined) return false;
    if ((await write({ IfNoneMatch: '*' })) !== undefined) return false;
    if ((await write({ IfMatch: '"00000000000000000000000000000000"' })) !== undefined) return false;
    return (await write({ IfMatch: `"${written}"` })) !== undefined;
  };
  const doing = 'trying conditional writes';
  try {
    return await connection.attempt(doing, attempt, signal);
  } finally {
    const command = new DeleteObjectCommand(objectOf(place, probeKey));
    // Left behind where nothing may be removed: it is empty, and the next one uses it.
    await connection.client.send(command, until(signal)).catch(() => undefined);
  }
}
