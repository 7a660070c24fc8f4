import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { startTestingRegistry, type TestingRegistry } from '../testing-registry.ts';
import { ask, pushBlob, pushManifest } from './client.ts';
import { createFaultPlan } from './faults.ts';

let registry: TestingRegistry & AsyncDisposable;
let path: string;

beforeEach(async () => {
  registry = await startTestingRegistry();
  path = `os/blobs/${(await pushBlob(registry, 'os', 'abcdef')).digest}`;
});
afterEach(() => registry[Symbol.asyncDispose]());

/** What a client gets: a status with a text, or the failure of the connection. */
async function outcome(init: RequestInit = {}): Promise<string> {
  try {
    const response = await ask(registry, path, init);
    return `${response.status} ${await response.text()}`;
  } catch (error) {
    return `broken: ${(error as Error).message}`;
  }
}

describe('faults of an answer', () => {
  it('strike as often as told, in their order, and only what they match', async () => {
    registry.inject({ match: { method: 'POST' }, fault: { kind: 'status', status: 500 } });
    registry.inject({ match: { path: /blobs/ }, fault: { kind: 'status', status: 503 }, times: 2, skip: 1 });
    const statuses = [];
    for (let number = 0; number < 4; number++) statuses.push((await ask(registry, path)).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect((await ask(registry, 'os/blobs/uploads/', { method: 'POST' })).status).toBe(500);
    registry.inject({ match: {}, fault: { kind: 'status', status: 500 }, times: Number.POSITIVE_INFINITY });
    registry.clearFaults();
    expect(await outcome()).toBe('200 abcdef');
  });

  it.each([
    { fault: { kind: 'reset', afterBytes: 0 }, expected: 'broken: fetch failed' },
    { fault: { kind: 'reset', afterBytes: 3 }, expected: /^broken: / },
    { fault: { kind: 'truncate', afterBytes: 3 }, expected: 'broken: terminated' },
    { fault: { kind: 'corrupt', offset: 1 }, expected: '200 accdef' },
    { fault: { kind: 'resize', by: -2 }, expected: '200 abcd' },
    { fault: { kind: 'resize', by: 2 }, expected: '200 abcdef\0\0' },
    { fault: { kind: 'slow', pieceBytes: 4, pauseMilliseconds: 1 }, expected: '200 abcdef' },
    { fault: { kind: 'headers', headers: { 'Content-Length': '4' } }, expected: /^(200 abcd|broken: .*)$/ },
  ] as const)('$fault.kind $expected', async ({ fault, expected }) => {
    registry.inject({ match: { method: 'GET' }, fault });
    const found = await outcome();
    if (typeof expected === 'string') expect(found).toBe(expected);
    else expect(found).toMatch(expected);
    expect(await outcome()).toBe('200 abcdef');
  });

  it('can be combined', async () => {
    registry.inject({ match: {}, fault: { kind: 'corrupt', offset: 0 } });
    registry.inject({ match: {}, fault: { kind: 'resize', by: -1 } });
    expect(await outcome()).toBe('200 `bcde');
  });

  it('hangs before or within an answer until the client gives up', async () => {
    registry.inject({ match: {}, fault: { kind: 'hang', afterBytes: 0 } });
    registry.inject({ match: {}, fault: { kind: 'hang', afterBytes: 3 }, skip: 1 });
    expect(await outcome({ signal: AbortSignal.timeout(50) })).toMatch(/^broken: .*timeout/);
    const response = await ask(registry, path);
    const stream = response.body?.getReader();
    expect(Buffer.from((await stream?.read())?.value ?? []).toString()).toBe('abc');
    await stream?.cancel();
  });

  it('redirects to the same path elsewhere', async () => {
    await using elsewhere = await startTestingRegistry();
    registry.inject({ match: {}, fault: { kind: 'redirect', to: elsewhere.address } });
    const response = await ask(registry, `${path}?a=b`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([307, `${elsewhere.address}/v2/${path}?a=b`]);
  });

  it('ignores a range', async () => {
    registry.inject({ match: {}, fault: { kind: 'ignore-range' } });
    expect(await outcome({ headers: { range: 'bytes=2-' } })).toBe('200 abcdef');
    expect(await outcome({ headers: { range: 'bytes=2-' } })).toBe('206 cdef');
  });
});

describe('faults of what is sent', () => {
  it('loses an upload', async () => {
    const location = (await ask(registry, 'os/blobs/uploads/', { method: 'POST' })).headers.get('location') ?? '';
    registry.inject({ match: { method: 'PATCH' }, fault: { kind: 'lose-upload' } });
    expect((await fetch(location, { method: 'PATCH', body: 'abc' })).status).toBe(404);
    expect((await fetch(location)).status).toBe(404);
  });

  it('resets in the middle of an upload, and keeps what it took', async () => {
    const location = (await ask(registry, 'os/blobs/uploads/', { method: 'POST' })).headers.get('location') ?? '';
    registry.inject({ match: { method: 'PATCH' }, fault: { kind: 'reset-request', afterBytes: 4 } });
    await expect(fetch(location, { method: 'PATCH', body: 'uvwxyz' })).rejects.toThrow('fetch failed');
    expect((await fetch(location)).headers.get('range')).toBe('0-3');
    const digest = digestOf('uvwxyz');
    expect((await fetch(`${location}&digest=${digest}`, { method: 'PUT', body: 'yz' })).status).toBe(201);
  });

  it('does the work and says that it failed, or says nothing', async () => {
    registry.inject({ match: { method: 'PUT' }, fault: { kind: 'status', status: 500, done: true } });
    const { response, digest } = await pushManifest(registry, 'os', 'stable');
    expect([response.status, registry.tags('os').get('stable')]).toEqual([500, digest]);
    registry.inject({ match: { method: 'PUT' }, fault: { kind: 'reset', afterBytes: 0 } });
    await expect(pushManifest(registry, 'os', 'other')).rejects.toThrow('fetch failed');
    expect(registry.tags('os').get('other')).toBe(digest);
  });

  it('moves a tag as somebody else would, before or after', async () => {
    const { digest: first } = await pushManifest(registry, 'os', 'stable');
    const { digest: second } = await pushManifest(registry, 'os', 'other', { artifactType: 'text/plain' });
    const move = { kind: 'move-tag', repository: 'os', tag: 'stable', to: second } as const;
    const resolve = async () =>
      (await ask(registry, 'os/manifests/stable', { method: 'HEAD' })).headers.get('docker-content-digest');
    registry.inject({ match: { method: 'HEAD' }, fault: { ...move, when: 'after' } });
    registry.inject({ match: { method: 'HEAD' }, fault: { ...move, when: 'before', to: first }, skip: 1 });
    expect(await resolve()).toBe(first);
    expect(registry.tags('os').get('stable')).toBe(second);
    expect(await resolve()).toBe(first);
  });
});

it('spreads faults over paths: none is befallen twice', () => {
  const plan = createFaultPlan();
  const fault = { kind: 'status', status: 500 } as const;
  for (let number = 0; number < 3; number++) plan.inject({ match: { method: 'PUT' }, fault, isSpread: true });
  const failed = ['/a', '/a', '/b', '/a', '/b', '/c', '/d'].map((path) => plan.take('PUT', path).length);
  expect(failed).toEqual([1, 0, 1, 0, 0, 1, 0]);
});
