import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { openScratch } from '../../../src/exec/scratch.ts';
import { digestOf } from '../../../src/lib/digest.ts';
import { storeBytes } from '../../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { openRepository } from '../../../src/oci/registry/repository.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { collect } from '../../helpers/image.ts';
import { testClient } from '../../helpers/registry-client.ts';
import {
  descriptorOf,
  openScriptedRepository,
  openTestingRepository,
  repositoryName,
  sourceOf,
} from '../../helpers/repositories.ts';
import type { Fault } from '../../helpers/testing-registry/faults.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';
import { startTestingRegistry } from '../../helpers/testing-registry.ts';

const small = randomBytes(5000);
const large = randomBytes(3_000_000);
const uploads = /\/blobs\/uploads\/$/;
const upload = /\/blobs\/uploads\/.+/;
const always = Number.POSITIVE_INFINITY;

/** The requests that there were: `PATCH upload`. */
function asked(scene: { registry: { log: readonly { method: string; path: string }[] } }): string[] {
  return scene.registry.log.map(({ method, path }) => {
    if (uploads.test(path)) return `${method} uploads`;
    return `${method} ${upload.test(path) ? 'upload' : path.replace(/^.*\/(\w+)\/sha256:.*$/, '$1')}`;
  });
}

/** Counts what `onBytes` says. */
function counter() {
  const counts: number[] = [];
  return {
    counts,
    onBytes: (bytes: number) => void counts.push(bytes),
    total: () => counts.reduce((a, b) => a + b, 0),
  };
}

/** Reads a request's whole body, then answers. */
function afterBody(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  request.resume().on('end', () => response.writeHead(status, headers).end());
}

describe('an upload', () => {
  it('of a small blob is two requests, after the ping', async () => {
    await using scene = await openTestingRepository();
    expect(await scene.repository.putBlob(sourceOf(small))).toBe('written');
    expect(asked(scene)).toEqual(['GET /v2/', 'POST uploads', 'PUT upload']);
    expect(await collect(scene.repository.readBlob(descriptorOf(small)))).toEqual(small);
  });

  it('of a large blob is one stream of a known length', async () => {
    await using scene = await openTestingRepository();
    const source = sourceOf(large);
    const { onBytes, total } = counter();
    expect(await scene.repository.putBlob(source, { onBytes })).toBe('written');
    expect(asked(scene)).toEqual(['GET /v2/', 'POST uploads', 'PATCH upload', 'PUT upload']);
    const [sent] = requestsOf(scene.registry.log, { method: 'PATCH' });
    expect(sent?.headers).toMatchObject({ 'content-length': '3000000', 'content-type': 'application/octet-stream' });
    expect(sent?.headers['content-range']).toBeUndefined();
    expect(source.opened).toBe(1);
    expect(total()).toBe(large.length);
  });

  it('from a layout never uses a buffer again before its bytes are on their way', async () => {
    await using scratch = await openScratch(tmpdir());
    await using layout = await openLayoutForWriting(scratch.path);
    // More than the connection takes while nobody reads at its other end.
    const stalled = await storeBytes(layout, randomBytes(32_000_000), mediaTypes.layer);
    const other = await storeBytes(layout, large, mediaTypes.layer);
    const received = new Map<string, string>();
    const events = new EventEmitter();
    const begun = once(events, 'begun');
    const goOn = once(events, 'goOn');
    const answer = async (request: IncomingMessage, response: ServerResponse) => {
      const size = request.headers['content-length'] ?? '';
      if (request.method !== 'PATCH') {
        const location = `/v2/${repositoryName}/blobs/uploads/1`;
        return void response.writeHead(request.method === 'POST' ? 202 : 201, { Location: location }).end();
      }
      if (Number(size) === stalled.size) {
        events.emit('begun');
        await goOn;
      }
      received.set(size, digestOf(await collect(request)));
      response.writeHead(202).end();
    };
    await using scene = await openScriptedRepository((request, response) => void answer(request, response));
    const put = (descriptor: Descriptor) =>
      scene.repository.putBlob({ descriptor, open: (...how) => layout.readBlob(descriptor, ...how) });
    const first = put(stalled);
    await begun;
    await put(other);
    events.emit('goOn');
    await first;
    expect([...received]).toEqual([other, stalled].map(({ size, digest }) => [String(size), digest]));
  });

  it('takes a relative location', async () => {
    await using scene = await openTestingRepository({ behaviour: { relativeLocations: true } });
    await scene.repository.putBlob(sourceOf(large));
    expect(scene.registry.hasBlob(repositoryName, descriptorOf(large).digest)).toBe(true);
  });

  it('is spared by a mount', async () => {
    await using scene = await openTestingRepository();
    await scene.open('os/other').putBlob(sourceOf(large));
    scene.registry.log.length = 0;
    const source = { ...sourceOf(large), mountSource: { host: scene.registry.host, repository: 'os/other' } };
    const { counts, onBytes } = counter();
    expect(await scene.repository.putBlob(source, { onBytes })).toBe('mounted');
    expect(scene.registry.log.map(({ query }) => query)).toEqual([
      `?mount=${source.descriptor.digest}&from=os%2Fother`,
    ]);
    expect(counts).toEqual([]);
  });

  it('uses the session that came instead of a mount', async () => {
    await using scene = await openTestingRepository({ behaviour: { mount: false } });
    const source = { ...sourceOf(small), mountSource: { host: scene.registry.host, repository: 'os/other' } };
    expect(await scene.repository.putBlob(source)).toBe('written');
    expect(asked(scene)).toEqual(['GET /v2/', 'POST uploads', 'PUT upload']);
  });

  it.each([400, 401, 403, 404, 405, 500, 503])('sends the bytes when a mount is answered %i', async (status) => {
    await using scene = await openTestingRepository();
    scene.registry.inject({ match: { method: 'POST' }, fault: { kind: 'status', status } });
    const source = { ...sourceOf(small), mountSource: { host: scene.registry.host, repository: 'os/secret' } };
    expect(await scene.repository.putBlob(source)).toBe('written');
    expect(scene.registry.log.at(-2)?.query).toBe('');
    expect(scene.waits).toEqual([]);
  });

  it('goes on where it broke', async () => {
    await using scene = await openTestingRepository();
    const source = sourceOf(large, 100_000);
    const { onBytes, total } = counter();
    const fault = { kind: 'reset-request', afterBytes: 1_000_000 } as const;
    scene.registry.inject({ match: { method: 'PATCH' }, fault });
    expect(await scene.repository.putBlob(source, { onBytes })).toBe('written');
    expect(asked(scene)).toEqual([
      'GET /v2/',
      'POST uploads',
      'PATCH upload',
      'GET upload',
      'PATCH upload',
      'PUT upload',
    ]);
    const [first, second] = requestsOf(scene.registry.log, { method: 'PATCH' });
    expect(second?.headers['content-range']).toBe(`${first?.received}-2999999`);
    expect((first?.received ?? 0) + (second?.received ?? 0)).toBe(large.length);
    expect(source.opened).toBe(2);
    expect(total()).toBe(large.length);
    expect(scene.registry.hasBlob(repositoryName, source.descriptor.digest)).toBe(true);
  });

  it('may break any number of times as long as it gets further', async () => {
    await using scene = await openTestingRepository();
    const fault = { kind: 'reset-request', afterBytes: 400_000 } as const;
    scene.registry.inject({ match: { method: 'PATCH' }, fault, times: 6 });
    expect(await scene.repository.putBlob(sourceOf(large))).toBe('written');
    expect(requestsOf(scene.registry.log, { method: 'PATCH' }).length).toBeGreaterThan(6);
  });

  it('ends when it does not get further', async () => {
    await using scene = await openTestingRepository();
    scene.registry.inject({ match: { method: 'PATCH' }, fault: { kind: 'status', status: 503 }, times: always });
    await expect(scene.repository.putBlob(sourceOf(large))).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    expect(requestsOf(scene.registry.log, { method: 'PATCH' })).toHaveLength(5);
    expect(scene.registry.openUploads()).toBe(0);
  });

  const losses = [
    { name: 'small', content: small, method: 'PUT' },
    { name: 'large', content: large, method: 'PATCH' },
    { name: 'large, at its end', content: large, method: 'PUT' },
  ];
  it.each(losses)('begins anew when the registry has lost it: $name', async ({ content, method }) => {
    await using scene = await openTestingRepository();
    scene.registry.inject({ match: { method, path: upload }, fault: { kind: 'lose-upload' } });
    const { onBytes, total } = counter();
    expect(await scene.repository.putBlob(sourceOf(content), { onBytes })).toBe('written');
    expect(requestsOf(scene.registry.log, { method: 'POST' })).toHaveLength(2);
    expect(total()).toBe(content.length);
  });

  it.each(losses)('gives up when the registry keeps losing it: $name', async ({ content, method }) => {
    await using scene = await openTestingRepository();
    scene.registry.inject({ match: { method, path: upload }, fault: { kind: 'lose-upload' }, times: always });
    const { digest } = descriptorOf(content);
    await expect(scene.repository.putBlob(sourceOf(content))).rejects.toMatchObject({
      code: 'UPLOAD_LOST',
      exitStatus: 1,
      message: `${scene.where}: the registry has lost the upload of blob ${digest} 4 times`,
    });
    expect(scene.registry.hasBlob(repositoryName, digest)).toBe(false);
  });

  it('begins anew when the registry forgets it after a break', async () => {
    await using scene = await openTestingRepository();
    const fault = { kind: 'reset-request', afterBytes: 1_000_000 } as const;
    scene.registry.inject({ match: { method: 'PATCH' }, fault });
    scene.registry.inject({ match: { method: 'GET', path: upload }, fault: { kind: 'lose-upload' } });
    const { counts, onBytes, total } = counter();
    expect(await scene.repository.putBlob(sourceOf(large), { onBytes })).toBe('written');
    expect(counts.some((bytes) => bytes < 0)).toBe(true);
    expect(total()).toBe(large.length);
  });

  it.each([
    { name: 'small', content: small },
    { name: 'large', content: large },
  ])('finds that it was finished when only the answer was lost: $name', async ({ content }) => {
    await using scene = await openTestingRepository();
    scene.registry.inject({ match: { method: 'PUT' }, fault: { kind: 'status', status: 500, done: true } });
    const source = sourceOf(content);
    expect(await scene.repository.putBlob(source)).toBe('written');
    expect(asked(scene).slice(-2)).toEqual(['PUT upload', 'HEAD blobs']);
    expect(source.opened).toBe(1);
  });

  it.each([
    { name: 'small', content: small, method: 'PUT' },
    { name: 'large', content: large, method: 'PATCH' },
  ])('is given up, once, when the registry refuses it: $name', async ({ content, method }) => {
    await using scene = await openTestingRepository();
    scene.registry.inject({ match: { method }, fault: { kind: 'status', status: 413 } });
    await expect(scene.repository.putBlob(sourceOf(content))).rejects.toMatchObject({ code: 'BLOB_REFUSED' });
    expect(asked(scene).at(-1)).toBe('DELETE upload');
    expect(scene.registry.openUploads()).toBe(0);
  });

  const size = large.length;
  const [start, end] = [large.subarray(0, 1_000_000), large.subarray(1_000_000)];
  const sources = [
    {
      name: 'ends early',
      pieces: [start, large.subarray(start.length, size - 1)],
      message: `has ${size - 1} bytes, its descriptor says ${size}`,
    },
    {
      name: 'ends late',
      pieces: [start, end, Buffer.from('x')],
      message: `has more than ${size} bytes, its descriptor says ${size}`,
    },
    { name: 'fails at its end', pieces: [start, end, new Error('it was damaged')], message: 'it was damaged' },
  ];
  it.each(sources)('stores nothing of a source that $name, and does not try again', async ({ pieces, message }) => {
    await using scene = await openTestingRepository();
    const descriptor = descriptorOf(large);
    const open = async function* () {
      for (const piece of pieces) {
        if (piece instanceof Error) throw piece;
        yield piece;
      }
    };
    await expect(scene.repository.putBlob({ descriptor, open })).rejects.toThrow(message);
    expect(scene.registry.hasBlob(repositoryName, descriptor.digest)).toBe(false);
    expect(scene.registry.openUploads()).toBe(0);
    expect(asked(scene)).toEqual(['GET /v2/', 'POST uploads', 'PATCH upload', 'DELETE upload']);
    // Not even a registry that takes what it gets for the whole has it.
    expect(scene.registry.log[2]?.received).toBeLessThan(size);
    expect(scene.waits).toEqual([]);
  });

  it('refuses a registry that stored something else', async () => {
    await using scene = await openTestingRepository();
    const lie = descriptorOf('something else').digest;
    const fault = { kind: 'headers', headers: { 'Docker-Content-Digest': lie } } as const;
    scene.registry.inject({ match: { method: 'PUT' }, fault });
    const source = sourceOf(small);
    await expect(scene.repository.putBlob(source)).rejects.toMatchObject({
      code: 'BLOB_DIGEST_MISMATCH',
      exitStatus: 4,
      message: `${scene.where}: blob ${source.descriptor.digest} was stored as ${lie}`,
    });
  });

  it('keeps the query of a location as it is', async () => {
    const location = `/v2/${repositoryName}/blobs/uploads/1?_state=a%2Bb~c%3D&empty`;
    await using scene = await openScriptedRepository((request, response) => {
      if (request.method === 'POST') response.writeHead(202, { Location: location }).end();
      else afterBody(request, response, 201);
    });
    const { digest } = descriptorOf(small);
    await scene.repository.putBlob(sourceOf(small));
    expect(scene.server.requests.at(-1)?.url).toBe(`${location}&digest=${digest.replace(':', '%3A')}`);
  });

  it('goes on from where a registry says that it is, also without a new location', async () => {
    await using scene = await openScriptedRepository((request, response) => {
      if (request.method === 'POST') response.writeHead(202, { Location: 'uploads/1' }).end();
      else if (request.method === 'PUT') afterBody(request, response, 204);
      else afterBody(request, response, 201, request.headers['content-range'] ? {} : { Range: '0-1999999' });
    });
    await scene.repository.putBlob(sourceOf(large));
    const sent = scene.server.requests.filter(({ method }) => method === 'PATCH');
    expect(sent.map(({ url }) => url)).toEqual(Array(2).fill(`/v2/${repositoryName}/blobs/uploads/uploads/1`));
    expect(sent[1]?.headers).toMatchObject({ 'content-length': '1000000', 'content-range': '2000000-2999999' });
  });

  it.each([
    ['none', '0-0'],
    ['the same number each time', '0-999999'],
    ['fewer than it has', '0-1999999'],
  ])('is taken although the registry counts late: %s', async (_what, range) => {
    await using scene = await openTestingRepository();
    const fault = { kind: 'headers', headers: { Range: range } } as const;
    scene.registry.inject({ match: { method: 'PATCH' }, fault, times: always });
    expect(await scene.repository.putBlob(sourceOf(large))).toBe('written');
    expect(scene.registry.hasBlob(repositoryName, descriptorOf(large).digest)).toBe(true);
  });

  it.each([
    ['the registry', false],
    ['another host', true],
  ])('begins anew where its counting was believed and was wrong: at %s', async (_where, isElsewhere) => {
    await using scene = await openTestingRepository();
    await using front = await startTestingRegistry();
    front.inject({
      match: {},
      fault: { kind: 'redirect', to: scene.registry.address, status: 307 },
      times: always,
      skip: 1,
    });
    await using registry = testClient(front.host);
    const fault = { kind: 'headers', headers: { Range: '0-1999999' } } as const;
    scene.registry.inject({ match: { method: 'PATCH' }, fault, times: 2 });
    scene.registry.inject({ match: { method: 'PUT' }, fault: { kind: 'status', status: 400 } });
    const repository = isElsewhere ? openRepository(registry.client, repositoryName) : scene.repository;
    expect(await repository.putBlob(sourceOf(large))).toBe('written');
    expect(scene.registry.hasBlob(repositoryName, descriptorOf(large).digest)).toBe(true);
  });

  it.each([307, 308])('follows %i from every one of its requests, without what it knows of us', async (status) => {
    const users = [{ name: 'builder', password: 'letmein', access: 'push' }] as const;
    await using front = await startTestingRegistry({ authentication: { kind: 'basic', users } });
    await using behind = await openTestingRepository();
    const credentials = async () => ({ username: 'builder', password: 'letmein' });
    await using registry = testClient(front.host, { credentials });
    const fault = { kind: 'redirect', to: behind.registry.address, status } as Fault;
    front.inject({ match: { method: 'POST' }, fault, times: always });
    front.inject({ match: { method: 'PUT' }, fault, times: always });
    const repository = openRepository(registry.client, repositoryName);
    expect(await repository.putBlob(sourceOf(large))).toBe('written');
    expect(await repository.putBlob(sourceOf(small))).toBe('written');
    const manifest = await repository.putManifest('{}', mediaTypes.manifest);
    expect(behind.registry.hasBlob(repositoryName, descriptorOf(large).digest)).toBe(true);
    expect((await behind.repository.resolveDigest(manifest.digest))?.size).toBe(2);
    expect(behind.registry.log.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('a body is begun anew for the place that a redirect leads to', async () => {
    await using scene = await openTestingRepository();
    const fault = { kind: 'redirect', to: scene.registry.address, status: 307 } as const;
    scene.registry.inject({ match: { method: 'PATCH' }, fault });
    const { onBytes, total } = counter();
    expect(await scene.repository.putBlob(sourceOf(large), { onBytes })).toBe('written');
    expect(total()).toBe(large.length);
  });

  it('refuses an answer without a location', async () => {
    await using scene = await openScriptedRepository((_, response) => response.writeHead(202).end());
    await expect(scene.repository.putBlob(sourceOf(small))).rejects.toMatchObject({
      code: 'REGISTRY_ANSWER_INVALID',
      exitStatus: 4,
      message: `${scene.where}: the registry's answer is not as specified: an upload without a usable Location (202)`,
    });
  });

  it('reads no further ahead than the registry takes', async () => {
    let received = 0;
    await using scene = await openScriptedRepository((request, response) => {
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      if (request.method === 'POST') response.writeHead(202, { Location: '/v2/upload' }).end();
      else afterBody(request, response, request.method === 'PUT' ? 201 : 202);
    });
    const piece = Buffer.alloc(1024 * 1024);
    const count = 128;
    let ahead = 0;
    const open = async function* () {
      for (let sent = 0; sent < count; sent++) {
        ahead = Math.max(ahead, sent * piece.length - received);
        yield piece;
      }
    };
    await scene.repository.putBlob({ descriptor: { ...descriptorOf(''), size: piece.length * count }, open });
    expect(received).toBe(piece.length * count);
    expect(ahead).toBeLessThan(32 * piece.length);
  });
});
