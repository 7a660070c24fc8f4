import { createHash } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { baseUrlOf } from '../../base-url.ts';
import { checkKey } from '../../keys.ts';
import { objectChanged } from '../../object-errors.ts';
import { mostDocumentBytes, type ObjectStore } from '../../object-store.ts';
import type { StoreEnvironment, StoreOptions } from '../../store-environment.ts';
import { type BucketPrefix, etagOf, objectOf, type S3Bucket, until, writeHeaders } from './bucket.ts';
import { triesConditions } from './conditions.ts';
import { connect } from './connect.ts';
import { isNamed, statusOf } from './errors.ts';
import { listObjects } from './list-objects.ts';
import { readObject } from './read-object.ts';
import { statObject } from './stat-object.ts';
import { uploadObject } from './upload.ts';

/** What `s3` loads when a store is opened. Asks no server yet. @throws CosaError `STORE_URL`, `BASE_URL` (exit 2) */
export async function openS3Store(
  { bucket, prefix }: BucketPrefix,
  options: StoreOptions,
  environment: StoreEnvironment,
): Promise<ObjectStore> {
  const url = `s3://${bucket}/${prefix}`.replace(/\/$/, '');
  const connection = await connect({ bucket, url }, options, environment);
  const place: S3Bucket = { bucket, prefix, url, connection, access: options.access };
  let honours: Promise<boolean> | undefined;
  return {
    url,
    baseUrl: baseUrlOf(options.baseUrl) ?? publicAddress(place),
    honoursConditions: (signal) => {
      honours ??= triesConditions(place, signal).catch((error: unknown) => {
        honours = undefined;
        throw error;
      });
      return honours;
    },
    stat: async (key, signal) => statObject(place, checkKey(key), signal),
    list: (listed, signal) => listObjects(place, listed, signal),
    read: (key, readOptions) => readObject(place, checkKey(key), readOptions),
    async put(key, bytes, headers, { condition, signal } = {}) {
      if (bytes.length > mostDocumentBytes) throw new Error(`${key} is too large for a document`);
      const command = new PutObjectCommand({
        ...objectOf(place, checkKey(key)),
        ...writeHeaders(place, headers),
        Body: bytes,
        ContentMD5: createHash('md5').update(bytes).digest('base64'),
        ...(condition === undefined
          ? {}
          : 'absent' in condition
            ? { IfNoneMatch: '*' }
            : { IfMatch: `"${condition.etag}"` }),
      });
      const doing = `writing ${key}`;
      const send = async () => {
        try {
          return await connection.client.send(command, until(signal));
        } catch (error) {
          // A store may see a condition on what is not there as a question for it.
          const isRefused = statusOf(error) === 412 || isNamed(error, 'ConditionalRequestConflict', 'NoSuchKey');
          if (condition !== undefined && isRefused) throw objectChanged(key, url);
          throw error;
        }
      };
      const { ETag } = await connection.attempt(doing, send, signal);
      return etagOf(ETag);
    },
    upload: async (key, source, headers, uploadOptions = {}) =>
      uploadObject(place, checkKey(key), source, headers, uploadOptions),
    async remove(key, signal) {
      const command = new DeleteObjectCommand(objectOf(place, checkKey(key)));
      const send = async () => {
        try {
          await connection.client.send(command, until(signal));
        } catch (error) {
          if (!isNamed(error, 'NoSuchKey')) throw error;
        }
      };
      await connection.attempt(`removing ${key}`, send, signal);
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

/** The address under which services serve what may be read by everybody. */
function publicAddress({ bucket, prefix, connection: { endpoint, region } }: S3Bucket): string {
  // Certificates of Amazon's are for one level of names.
  const isName = /^[a-z0-9-]+$/.test(bucket);
  const amazon = isName
    ? `https://${bucket}.s3.${region}.amazonaws.com`
    : `https://s3.${region}.amazonaws.com/${bucket}`;
  return `${endpoint === undefined ? amazon : `${endpoint}/${bucket}`}/${prefix}`.replace(/\/+$/, '');
}
