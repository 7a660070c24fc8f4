import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { mediaTypes } from '../../../src/oci/types.ts';
import { ask, pushBlob, pushManifest } from '../../helpers/testing-registry/client.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';
import { startTestingRegistry, type TestingRegistry } from '../../helpers/testing-registry.ts';

let registry: TestingRegistry & AsyncDisposable;

beforeEach(async () => {
  registry = await startTestingRegistry();
});
afterEach(() => registry[Symbol.asyncDispose]());

/** Begins an upload and returns its address. */
async function begin(repository = 'os'): Promise<string> {
  const response = await ask(registry, `${repository}/blobs/uploads/`, { method: 'POST' });
  expect(response.status).toBe(202);
  return response.headers.get('location') ?? '';
}

describe('blobs', () => {
  it('reads whole blobs, ranges and ends, and refuses ranges beyond the end', async () => {
    const { digest } = await pushBlob(registry, 'os', 'abcdef');
    const head = await ask(registry, `os/blobs/${digest}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '6']);
    const ranges: [string | undefined, number, string][] = [
      [undefined, 200, 'abcdef'],
      ['bytes=2-3', 206, 'cd'],
      ['bytes=4-', 206, 'ef'],
      ['bytes=-2', 206, 'ef'],
      ['bytes=4-100', 206, 'ef'],
      ['lines=1-2', 200, 'abcdef'],
    ];
    for (const [range, status, text] of ranges) {
      const response = await ask(registry, `os/blobs/${digest}`, { headers: range === undefined ? {} : { range } });
      expect([range, response.status, await response.text()]).toEqual([range, status, text]);
    }
    const beyond = await ask(registry, `os/blobs/${digest}`, { headers: { range: 'bytes=6-' } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */6']);
  });

  it('takes chunks in their order and says where an upload stands', async () => {
    const location = await begin();
    const first = await fetch(location, { method: 'PATCH', body: 'abc', headers: { 'content-range': '0-2' } });
    expect([first.status, first.headers.get('range')]).toEqual([202, '0-2']);
    const wrong = await fetch(location, { method: 'PATCH', body: 'xyz', headers: { 'content-range': '7-9' } });
    expect([wrong.status, wrong.headers.get('range')]).toEqual([416, '0-2']);
    const status = await fetch(location);
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-2']);
    const digest = digestOf('abcdef');
    const done = await fetch(`${status.headers.get('location')}&digest=${digest}`, { method: 'PUT', body: 'def' });
    expect([done.status, done.headers.get('docker-content-digest')]).toEqual([201, digest]);
    expect(await (await ask(registry, `os/blobs/${digest}`)).text()).toBe('abcdef');
    expect(registry.openUploads()).toBe(0);
  });

  it('keeps nothing of an upload that is given up, or whose digest is wrong', async () => {
    const location = await begin();
    expect((await fetch(location, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(location)).status).toBe(404);
    const wrong = await fetch(`${await begin()}&digest=${digestOf('other')}`, { method: 'PUT', body: 'text' });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { errors: [{ code: 'DIGEST_INVALID' }] }]);
    expect((await fetch((await begin()).replace(/\?.*/, ''))).status).toBe(404);
    expect(registry.hasBlob('os', digestOf('text'))).toBe(false);
  });

  it('mounts what another repository has, and begins an upload of what it has not', async () => {
    const { digest } = await pushBlob(registry, 'os', 'shared');
    const mounted = await ask(registry, `other/blobs/uploads/?mount=${digest}&from=os`, { method: 'POST' });
    expect([mounted.status, registry.hasBlob('other', digest)]).toEqual([201, true]);
    const missing = await ask(registry, `other/blobs/uploads/?mount=${digestOf('no')}&from=os`, { method: 'POST' });
    expect(missing.status).toBe(202);
  });

  it('keeps blobs in a directory', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cosa-registry-'));
    {
      await using stored = await startTestingRegistry({ storage: { directory } });
      const bytes = randomBytes(3_000_000);
      const { digest } = await pushBlob(stored, 'os', bytes);
      const response = await ask(stored, `os/blobs/${digest}`, { headers: { range: 'bytes=1000000-1999999' } });
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes.subarray(1_000_000, 2_000_000))).toBe(true);
      expect(await readdir(directory)).toEqual([digest.replace(':', '-')]);
    }
    await rm(directory, { recursive: true });
  });

  it('forgets big blobs if told, and reads zeros', async () => {
    await using forgetful = await startTestingRegistry({ storage: 'zeros' });
    const { digest } = await pushBlob(forgetful, 'os', Buffer.alloc(2_000_000));
    const bytes = Buffer.from(await (await ask(forgetful, `os/blobs/${digest}`)).arrayBuffer());
    expect(digestOf(bytes)).toBe(digest);
  });
});

describe('manifests', () => {
  it('stores what is complete, by tag and by digest', async () => {
    const layer = await pushBlob(registry, 'os', 'layer');
    const { response, digest, body } = await pushManifest(registry, 'os', 'stable', { layers: [layer] });
    expect([response.status, response.headers.get('docker-content-digest')]).toEqual([201, digest]);
    for (const reference of ['stable', digest]) {
      const found = await ask(registry, `os/manifests/${reference}`);
      expect([found.headers.get('content-type'), await found.text()]).toEqual([mediaTypes.manifest, body]);
    }
    expect(registry.tags('os')).toEqual(new Map([['stable', digest]]));
  });

  it('refuses a manifest whose blobs are missing, or that is none', async () => {
    const absent = { mediaType: 'text/plain', digest: digestOf('absent'), size: 6 };
    const { response } = await pushManifest(registry, 'os', 'stable', { layers: [absent] });
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { errors: [{ code: 'MANIFEST_BLOB_UNKNOWN' }] },
    ]);
    for (const body of ['{', '[]', '{"config": {}}']) {
      expect((await ask(registry, 'os/manifests/stable', { method: 'PUT', body })).status).toBe(400);
    }
    const long = await ask(registry, 'os/manifests/stable', { method: 'PUT', body: Buffer.alloc(5_000_000) });
    expect(long.status).toBe(413);
    expect(registry.tags('os')).toEqual(new Map());
  });

  it('moves a tag only from where the request says it is', async () => {
    const { digest } = await pushManifest(registry, 'os', 'stable');
    const put = async (artifactType: string, headers: Record<string, string>) => {
      const { response } = await pushManifest(registry, 'os', 'stable', { artifactType }, headers);
      return response.status;
    };
    expect(await put('a', { 'if-none-match': '*' })).toBe(412);
    expect(await put('a', { 'if-match': `"${digestOf('other')}"` })).toBe(412);
    expect(registry.tags('os').get('stable')).toBe(digest);
    expect(await put('a', { 'if-match': `"${digest}"` })).toBe(201);
    registry.behaviour.conditionalPut = false;
    expect(await put('b', { 'if-match': `"${digest}"` })).toBe(201);
  });

  it('deletes a tag alone, and a manifest with its tags', async () => {
    const { digest } = await pushManifest(registry, 'os', 'one');
    await pushManifest(registry, 'os', 'two');
    expect((await ask(registry, 'os/manifests/one', { method: 'DELETE' })).status).toBe(202);
    expect([...registry.tags('os').keys()]).toEqual(['two']);
    expect((await ask(registry, `os/manifests/${digest}`, { method: 'DELETE' })).status).toBe(202);
    expect(registry.tags('os')).toEqual(new Map());
    expect(registry.hasManifest('os', digest)).toBe(false);
    registry.behaviour.deletion = false;
    await pushManifest(registry, 'os', 'one');
    expect((await ask(registry, `os/manifests/${digest}`, { method: 'DELETE' })).status).toBe(405);
  });
});

describe('lists', () => {
  it('lists tags in pages', async () => {
    for (const tag of ['b', 'a', 'd', 'c', 'e']) await pushManifest(registry, 'os', tag);
    registry.behaviour.pageSize = 2;
    const pages: unknown[] = [];
    let next: string | undefined = 'os/tags/list?n=10';
    while (next !== undefined) {
      const response: Response = await ask(registry, next);
      pages.push(((await response.json()) as { tags: string[] }).tags);
      next = /<(.*)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect((await ask(registry, 'nobody/tags/list')).status).toBe(404);
  });

  it('lists referrers, by type and in pages, or has no such list', async () => {
    const { digest, body } = await pushManifest(registry, 'os', 'stable');
    const subject = { mediaType: mediaTypes.manifest, digest, size: body.length };
    const stored = [];
    for (const artifactType of ['text/a', 'text/b']) {
      const { response, digest: referrer } = await pushManifest(registry, 'os', undefined, { subject, artifactType });
      expect(response.headers.get('oci-subject')).toBe(digest);
      stored.push(referrer);
    }
    const digests = async (response: Response) =>
      ((await response.json()) as { manifests: { digest: string }[] }).manifests.map((entry) => entry.digest);
    expect(await digests(await ask(registry, `os/referrers/${digest}`))).toEqual(stored);
    const filtered = await ask(registry, `os/referrers/${digest}?artifactType=text/b`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await digests(filtered)).toEqual([stored[1]]);
    registry.behaviour.pageSize = 1;
    const first = await ask(registry, `os/referrers/${digest}`);
    const link = /<(.*)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    expect([...(await digests(first)), ...(await digests(await ask(registry, link)))]).toEqual(stored);
    registry.behaviour.referrersApi = false;
    expect((await ask(registry, `os/referrers/${digest}`)).status).toBe(404);
  });
});

it('logs each request with the bytes in both directions', async () => {
  const { digest } = await pushBlob(registry, 'os', 'abcdef');
  await (await ask(registry, `os/blobs/${digest}`, { headers: { range: 'bytes=4-' } })).text();
  expect(registry.log).toMatchObject([
    { method: 'POST', path: '/v2/os/blobs/uploads/', query: `?digest=${digest}`, status: 201, received: 6, sent: 0 },
    { method: 'GET', path: `/v2/os/blobs/${digest}`, query: '', status: 206, received: 0, sent: 2 },
  ]);
  expect(requestsOf(registry.log, { method: 'GET', path: /blobs/ })).toHaveLength(1);
  expect(requestsOf(registry.log, {})).toHaveLength(2);
});
