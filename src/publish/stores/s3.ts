import { usageError } from '../../lib/errors.ts';
import { isKey } from '../keys.ts';
import type { BucketPrefix } from './s3/bucket.ts';
import type { StoreScheme } from './store-scheme.ts';

/** A bucket of any service that speaks Amazon's S3, or a part of one. */
export const s3: StoreScheme = {
  scheme: 's3',
  form: 's3://BUCKET/PREFIX',
  async open(text, options, environment) {
    const place = parsePlace(text);
    // Most commands talk to no such store, and should not load what that takes.
    const { openS3Store } = await import('./s3/open-s3-store.ts');
    return openS3Store(place, options, environment);
  },
};

function parsePlace(text: string): BucketPrefix {
  // What is wrong is not quoted: it may be a password.
  const refuse = (reason: string) =>
    usageError('STORE_URL', `the URL of the object store is wrong: ${reason}`, { hint: 'write s3://BUCKET/PREFIX' });
  if (text.includes('@')) throw refuse('no user and password stand in it; credentials come from the AWS configuration');
  if (/[?#]/.test(text)) throw refuse('it has no query; see --endpoint and --region');
  const [, bucket = '', rest = ''] = /^([^/]*)(\/.*)?$/s.exec(text) ?? [];
  // Older buckets and other services take more than https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(bucket)) {
    throw refuse('a bucket is called by 3 to 255 letters, digits, dots and hyphens');
  }
  const path = rest.replace(/^\/|\/+$/g, '');
  if (path !== '' && !isKey(path)) {
    throw refuse('its prefix has other characters than letters, digits, and . _ + ~ - after the first of each name');
  }
  return { bucket, prefix: path === '' ? '' : `${path}/` };
}
