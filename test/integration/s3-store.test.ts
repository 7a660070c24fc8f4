import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ObjectStore } from '../../src/publish/object-store.ts';
import type { StoreOptions } from '../../src/publish/store-environment.ts';
import { openObjectStore } from '../../src/publish/stores.ts';
import { contentOf, objectStoreContract, sourceOf } from '../contract/object-store.ts';
import { type Fault, type FaultyProxy, startFaultyProxy } from '../helpers/faulty-proxy.ts';
import { silentSession } from '../helpers/session.ts';
import { type Swift, type SwiftUser, startSwift } from '../helpers/swift.ts';

let swift: Swift;
let proxy: FaultyProxy;
beforeAll(async () => {
  swift = await startSwift();
  await swift.makeBucket('contract');
  proxy = await startFaultyProxy(swift.endpoint);
  as(swift.publisher);
}, 120_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await proxy[Symbol.asyncDispose]();
  await swift[Symbol.asyncDispose]();
});

function as(user: SwiftUser): void {
  for (const [name, value] of Object.entries(swift.environmentOf(user))) vi.stubEnv(name, value);
}

objectStoreContract('s3', async () => ({
  open: (name) => openObjectStore(`s3://contract/${name}`, { endpoint: swift.endpoint }, silentSession()),
  [Symbol.asyncDispose]: async () => undefined,
}));

const headers = { contentType: 'application/octet-stream', cacheControl: 'no-cache' };
const usualPart = 16 * 1024 * 1024;

interface Opened extends AsyncDisposable {
  store: ObjectStore;
  /** Everything that was said: log, warnings. */
  lines: string[];
  waits: number[];
}

/** Through the server that fails; waits for nothing. */
async function opened(place: string, options: StoreOptions = {}): Promise<Opened> {
  const lines: string[] = [];
  const waits: number[] = [];
  const stores = {
    environment: {},
    log: (line: string) => void lines.push(line),
    warn: (message: string) => void lines.push(message),
    wait: async (milliseconds: number) => void waits.push(milliseconds),
  };
  const store = await openObjectStore(`s3://${place}`, { endpoint: proxy.endpoint, ...options }, { stores });
  return { store, lines, waits, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

const large = randomBytes(usualPart + 1000);
const small = randomBytes(1000);

describe('S3', () => {
  beforeEach(() => {
    proxy.reset();
    as(swift.publisher);
  });

  it('is found out to have no conditional writes, and keeps nothing of the trial', async () => {
    await using scene = await opened('contract/probe');
    expect(await scene.store.honoursConditions()).toBe(false);
    for await (const { key } of scene.store.list('')) expect(key).toBe('nothing');
  });

  it('keeps type and caching of what it is given', async () => {
    await using scene = await opened('contract/headers', { access: 'public' });
    const { contentType, cacheControl } = { contentType: 'application/x-xz', cacheControl: 'max-age=5' };
    await scene.store.upload('a', sourceOf(small), { contentType, cacheControl });
    const client = new S3Client({ endpoint: swift.endpoint, region: swift.region, forcePathStyle: true });
    const head = await client.send(new HeadObjectCommand({ Bucket: 'contract', Key: 'headers/a' }));
    client.destroy();
    expect(head).toMatchObject({ ContentType: contentType, Metadata: { sha256: sourceOf(small).sha256 } });
  });

  describe('uploads in spite of', () => {
    const requests = [
      ['HEAD', /^HEAD /],
      ['the list of open uploads', /^GET .*uploads/],
      ['the beginning', /^POST .*uploads/],
      ['a part', /^PUT .*partNumber=2/],
      ['the end', /^POST .*uploadId/],
    ] as const;
    const faults: Fault[] = [
      'reset before',
      'reset within the request',
      'reset after',
      'reset within the answer',
      { status: 500, code: 'InternalError' },
      { status: 503, code: 'SlowDown', headers: { 'retry-after': '7' } },
    ];
    // Each upload meets all of them, each request another one, and with the next upload the next.
    it.each(faults.map((_fault, turn) => turn))('what breaks at each step: %i', async (turn) => {
      await using scene = await opened(`contract/faults-${turn}`);
      const injected = requests.map(([, match], step) => ({
        match,
        fault: faults[(turn + step) % faults.length] as Fault,
        times: 1,
      }));
      proxy.inject(...injected);
      const stored = await scene.store.upload('a', sourceOf(large), headers);
      expect(stored).toMatchObject({ size: large.length, sha256: sourceOf(large).sha256 });
      // What has no body cannot break within it.
      expect(scene.waits.length).toBeGreaterThanOrEqual(requests.length - 2);
      expect(scene.waits.filter((wait) => wait === 7000)).toHaveLength(turn === 0 ? 0 : 1);
    });

    it.each(faults)('%j at a small one', async (fault) => {
      await using scene = await opened(`contract/small-${faults.indexOf(fault)}`);
      proxy.inject({ match: /^PUT /, fault, times: 1 });
      await scene.store.upload('a', sourceOf(small), headers);
      expect(scene.waits).toHaveLength(1);
      expect((await contentOf(scene.store.read('a'))).equals(small)).toBe(true);
    });

    it('a wrong etag, of a part and of a whole: it is sent again', async () => {
      await using scene = await opened('contract/etag');
      proxy.inject({ match: /^PUT .*partNumber=1/, fault: 'another etag', times: 1 });
      await scene.store.upload('a', sourceOf(large), headers);
      proxy.inject({ match: /^PUT /, fault: 'another etag', times: 1 });
      await scene.store.upload('b', sourceOf(small), headers);
      expect(scene.waits).toHaveLength(2);
    });
  });

  it('reads on where it stopped', async () => {
    await using scene = await opened('contract/reading');
    await scene.store.upload('a', sourceOf(large), headers);
    proxy.inject({ match: /^GET /, fault: 'reset within the answer', times: 3 });
    expect((await contentOf(scene.store.read('a', { start: 5 }))).equals(large.subarray(5))).toBe(true);
    expect(scene.waits).toHaveLength(3);
  });

  it.each([
    ['reset before', 'STORE_INTERRUPTED', 1],
    [{ status: 503, code: 'SlowDown' }, 'STORE_UNAVAILABLE', 1],
    [{ status: 502, code: '' }, 'STORE_UNAVAILABLE', 1],
    ['another etag', 'STORE_CHECKSUM', 4],
    [{ status: 400, code: 'BadDigest' }, 'STORE_CHECKSUM', 4],
  ] as const)('gives up after some attempts: %j', async (fault, code, exitStatus) => {
    await using scene = await opened('contract/for-ever');
    proxy.inject({ match: /^PUT /, fault, times: 100 });
    await expect(scene.store.upload('a', sourceOf(small), headers)).rejects.toMatchObject({ code, exitStatus });
    expect(proxy.log.filter((line) => line.startsWith('PUT '))).toHaveLength(5);
    expect(await scene.store.stat('a')).toBeUndefined();
  });

  it('leaves no object whose etag is wrong in the end', async () => {
    await using scene = await opened('contract/damaged');
    proxy.inject({ match: /^POST .*uploadId/, fault: 'another etag', times: 1 });
    await expect(scene.store.upload('a', sourceOf(large), headers)).rejects.toMatchObject({
      code: 'STORE_CHECKSUM',
      message: 's3://contract/damaged has other bytes of a than were sent: its etag tells',
    });
    expect(await scene.store.stat('a')).toBeUndefined();
    await scene.store.upload('a', sourceOf(large), headers);
  });

  it.each([
    [{ status: 403, code: 'AccessDenied' }, 'STORE_DENIED', 'access is denied'],
    [{ status: 403, code: 'ExpiredToken' }, 'STORE_EXPIRED', 'the credentials have expired'],
    [{ status: 400, code: 'ExpiredToken' }, 'STORE_EXPIRED', 'the credentials have expired'],
    [{ status: 403, code: 'InvalidAccessKeyId' }, 'STORE_UNAUTHORIZED', 'the access key or its secret is wrong'],
    [
      { status: 301, code: 'PermanentRedirect', headers: { 'x-amz-bucket-region': 'eu-west-9' } },
      'STORE_REGION',
      'the bucket is in the region eu-west-9',
    ],
    [
      { status: 400, code: 'AuthorizationHeaderMalformed', inBody: '<Region>eu-west-9</Region>' },
      'STORE_REGION',
      'the bucket is in the region eu-west-9',
    ],
    [{ status: 301, code: 'PermanentRedirect' }, 'STORE_REGION', 'the bucket is in another region'],
    [
      { status: 400, code: 'AccessControlListNotSupported' },
      'STORE_ACL',
      'the bucket lets nobody say who may read an object',
    ],
    [{ status: 418, code: 'Odd' }, 'STORE_FAILED', 'status 418, Odd: of a test'],
  ] as const)('says what is wrong: %j', async (fault, code, message) => {
    await using scene = await opened('contract/wrong');
    proxy.inject({ match: /^PUT /, fault, times: 100 });
    await expect(scene.store.put('a', small, headers)).rejects.toMatchObject({
      code,
      message: `s3://contract/wrong: ${message} (writing a)`,
    });
    // Nobody asks again what will be answered the same.
    expect(proxy.log).toHaveLength(1);
  });

  it.each([
    ['a wrong secret', { AWS_SECRET_ACCESS_KEY: 'not-the-secret-of-anybody' }, 'contract', 'STORE_UNAUTHORIZED'],
    ['a wrong key', { AWS_ACCESS_KEY_ID: 'publishing:nobody' }, 'contract', 'STORE_UNAUTHORIZED'],
    ['a bucket that is not there', {}, 'no-such-bucket', 'STORE_NOT_FOUND'],
    ['another region', { AWS_REGION: 'eu-test-2' }, 'contract', 'STORE_REGION'],
  ])('is refused by the server with %s, and tells no secret', async (_what, environment, bucket, code) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    await using scene = await opened(bucket);
    const error: unknown = await scene.store.put('a', small, headers).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, exitStatus: 1 });
    const said = [...scene.lines, inspect(error, { depth: 10, showHidden: true })].join('\n');
    expect(said).not.toContain(process.env.AWS_SECRET_ACCESS_KEY);
    expect(said).not.toMatch(/Signature=|AWS4-HMAC/);
  });

  it("does not show another's bucket", async () => {
    await using own = await opened('contract/mine');
    await own.store.put('a', small, headers);
    as(swift.stranger);
    await using scene = await opened('contract/mine');
    await expect(scene.store.put('a', small, headers)).rejects.toMatchObject({ exitStatus: 1 });
    expect(await scene.store.stat('a').catch(() => undefined)).toBeUndefined();
  });

  it('hides session tokens, whoever says them', async () => {
    vi.stubEnv('AWS_SESSION_TOKEN', 'a-token-of-a-session');
    await using scene = await opened('contract/token');
    proxy.inject({
      match: /^PUT /,
      fault: { status: 400, code: 'Odd', inBody: '<Message>a-token-of-a-session</Message>' },
      times: 1,
    });
    const error: unknown = await scene.store.put('a', small, headers).catch((thrown: unknown) => thrown);
    expect(inspect(error, { depth: 10 })).not.toContain('a-token-of-a-session');
  });

  it('needs credentials', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', '');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', '');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    await using scene = await opened('contract');
    await expect(scene.store.stat('a')).rejects.toMatchObject({
      code: 'STORE_CREDENTIALS',
      message: 's3://contract: no credentials are found',
    });
    expect(proxy.log).toEqual([]);
  });

  it("signs with the server's clock where ours is wrong", async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    try {
      await using scene = await opened('contract/clock');
      await scene.store.put('a', small, headers);
      expect(scene.waits).toHaveLength(1);
      expect(scene.lines.join('\n')).toContain("this machine's clock differs too much");
    } finally {
      vi.useRealTimers();
    }
  });

  it('goes on with an upload that broke off, and gives up another', async () => {
    await using scene = await opened('contract/resumed');
    const content = randomBytes(3 * usualPart + 5);
    proxy.inject({ match: /^PUT .*partNumber=3/, fault: { status: 403, code: 'ExpiredToken' }, times: 1 });
    await expect(scene.store.upload('a', sourceOf(content), headers)).rejects.toMatchObject({ code: 'STORE_EXPIRED' });
    expect(await scene.store.stat('a')).toBeUndefined();
    // One of another content, which nobody will ever complete.
    const other = randomBytes(2 * usualPart);
    proxy.inject({ match: /^POST .*uploadId/, fault: { status: 403, code: 'ExpiredToken' }, times: 1 });
    await expect(scene.store.upload('a', sourceOf(other), headers)).rejects.toMatchObject({ code: 'STORE_EXPIRED' });
    proxy.reset();
    await scene.store.upload('a', sourceOf(content), headers);
    const sent = proxy.log.filter((line) => /^PUT .*partNumber=/.test(line));
    expect(sent.map((line) => /partNumber=(\d+)/.exec(line)?.[1])).not.toContain('1');
    expect(proxy.log.filter((line) => /^POST .*uploads/.test(line))).toEqual([]);
    expect(proxy.log.filter((line) => line.startsWith('DELETE '))).toHaveLength(1);
    expect((await contentOf(scene.store.read('a'))).equals(content)).toBe(true);
    proxy.reset();
    await scene.store.upload('a', sourceOf(content), headers);
    expect(proxy.log).toHaveLength(1);
  });
});
