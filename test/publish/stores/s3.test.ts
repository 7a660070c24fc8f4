import { describe, expect, it, vi } from 'vitest';
import type { StoreOptions } from '../../../src/publish/store-environment.ts';
import { openObjectStore } from '../../../src/publish/stores.ts';
import { silentSession } from '../../helpers/session.ts';

const opened = (url: string, options: StoreOptions = {}) => openObjectStore(url, options, silentSession());

describe('the URL of a bucket', () => {
  it.each([
    ['s3://', 'a bucket is called by 3 to 255 letters, digits, dots and hyphens'],
    ['s3:///prefix', 'a bucket is called by 3 to 255 letters, digits, dots and hyphens'],
    ['s3://a', 'a bucket is called by 3 to 255 letters, digits, dots and hyphens'],
    ['s3://-bucket', 'a bucket is called by 3 to 255 letters, digits, dots and hyphens'],
    ['s3://me:secret@bucket', 'no user and password stand in it; credentials come from the AWS configuration'],
    ['s3://bucket?region=x', 'it has no query; see --endpoint and --region'],
    [
      's3://bucket/a/../b',
      'its prefix has other characters than letters, digits, and . _ + ~ - after the first of each name',
    ],
    [
      's3://bucket//a',
      'its prefix has other characters than letters, digits, and . _ + ~ - after the first of each name',
    ],
  ])('%s is refused', async (url, reason) => {
    await expect(opened(url)).rejects.toMatchObject({
      code: 'STORE_URL',
      exitStatus: 2,
      message: `the URL of the object store is wrong: ${reason}`,
      hint: 'write s3://BUCKET/PREFIX',
    });
  });

  it.each(['example.com', 'ftp://example.com', 'https://me:secret@example.com', 'https://example.com/?x'])(
    'has no endpoint such as %s',
    async (endpoint) => {
      await expect(opened('s3://bucket', { endpoint })).rejects.toMatchObject({
        code: 'STORE_URL',
        message: 'the endpoint of the object store is no address',
      });
    },
  );

  it.each([
    ['s3://bucket', {}, 's3://bucket', 'https://bucket.s3.eu-west-9.amazonaws.com'],
    ['s3://bucket/', {}, 's3://bucket', 'https://bucket.s3.eu-west-9.amazonaws.com'],
    ['s3://bucket/a/b/', {}, 's3://bucket/a/b', 'https://bucket.s3.eu-west-9.amazonaws.com/a/b'],
    // Its certificate would not be for such a name.
    ['s3://my.bucket/a', {}, 's3://my.bucket/a', 'https://s3.eu-west-9.amazonaws.com/my.bucket/a'],
    ['s3://bucket/a', { endpoint: 'http://127.0.0.1:8080/' }, 's3://bucket/a', 'http://127.0.0.1:8080/bucket/a'],
    ['s3://bucket/a', { baseUrl: 'https://builds.example.com/' }, 's3://bucket/a', 'https://builds.example.com'],
    ['s3://bucket', { region: 'us-west-2' }, 's3://bucket', 'https://bucket.s3.us-west-2.amazonaws.com'],
  ])('%s %j is %s, and found at %s', async (url, options, name, address) => {
    vi.stubEnv('AWS_REGION', 'eu-west-9');
    await using store = await opened(url, options);
    expect(store.url).toBe(name);
    expect(store.baseUrl).toBe(address);
    vi.unstubAllEnvs();
  });

  it('is of a region that need not be named', async () => {
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION']) vi.stubEnv(name, '');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
    await using store = await opened('s3://bucket');
    expect(store.baseUrl).toBe('https://bucket.s3.us-east-1.amazonaws.com');
    vi.unstubAllEnvs();
  });
});
