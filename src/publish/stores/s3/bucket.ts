import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import type { ObjectHeaders } from '../../object-store.ts';
import type { StoreOptions } from '../../store-environment.ts';
import type { S3Connection } from './connect.ts';

/** Where in the service a store is. */
export interface BucketPrefix {
  bucket: string;
  /** Empty, or with a final slash: stands before every key. */
  prefix: string;
}

/** A store in a bucket, with what its parts need. */
export interface S3Bucket extends BucketPrefix {
  /** `s3://bucket/prefix` */
  url: string;
  connection: S3Connection;
  access: StoreOptions['access'];
}

/** How requests name an object. */
export function objectOf({ bucket, prefix }: BucketPrefix, key: string): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: `${prefix}${key}` };
}

/** What an object is written with, besides its bytes. */
export function writeHeaders(
  { access }: S3Bucket,
  headers: ObjectHeaders,
): Pick<PutObjectCommandInput, 'ContentType' | 'CacheControl' | 'ACL'> {
  return {
    ContentType: headers.contentType,
    CacheControl: headers.cacheControl,
    ...(access === undefined ? {} : { ACL: access === 'public' ? 'public-read' : 'private' }),
  };
}

/** An etag without its quotes. */
export function etagOf(header: string | undefined): string {
  return (header ?? '').replace(/^"|"$/g, '');
}

/** Metadata of ours on every uploaded object. */
export const checksumName = 'sha256';

/** What the SDK is told of a signal. @throws the signal's reason if it is too late already */
export function until(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  signal?.throwIfAborted();
  return signal === undefined ? {} : { abortSignal: signal };
}
