import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { collect } from '../../helpers/image.ts';
import {
  descriptorOf,
  openScriptedRepository,
  openTestingRepository,
  repositoryName,
  sourceOf,
} from '../../helpers/repositories.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';

const content = randomBytes(1_000_000);
const blob = descriptorOf(content);
const blobPath = /\/blobs\/sha256:/;
const always = Number.POSITIVE_INFINITY;

/** A testing registry that has the blob, and the ranges that it was asked for. */
async function openWithBlob() {
  const scene = await openTestingRepository();
  await scene.repository.putBlob(sourceOf(content));
  scene.registry.log.length = 0;
  const downloads = () => requestsOf(scene.registry.log, { method: 'GET', path: blobPath });
  return { ...scene, downloads };
}

/** The bytes from an offset on, as a server answers them that does what it is asked. */
function answerRange(request: IncomingMessage, response: ServerResponse): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const range = { 'Content-Range': `bytes ${start}-${content.length - 1}/${content.length}` };
  response.writeHead(start === 0 ? 200 : 206, start === 0 ? {} : range).end(content.subarray(start));
}

/** Breaks the connection after the blob's first half, then answers as the test says. */
function breaksFirst(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  let isFirst = true;
  return (request: IncomingMessage, response: ServerResponse): void => {
    if (isFirst) {
      response.writeHead(200, { 'Content-Length': content.length });
      response.write(content.subarray(0, content.length / 2), () => response.socket?.end());
    } else {
      answer(request, response);
    }
    isFirst = false;
  };
}

describe('a download', () => {
  it('is one request', async () => {
    await using scene = await openWithBlob();
    expect((await collect(scene.repository.readBlob(blob))).equals(content)).toBe(true);
    expect(scene.registry.log.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /v2/${repositoryName}/blobs/${blob.digest}`,
    ]);
  });

  it('goes on where it stopped', async () => {
    await using scene = await openWithBlob();
    scene.registry.inject({ match: { path: blobPath }, fault: { kind: 'truncate', afterBytes: 300_000 } });
    scene.registry.inject({ match: { path: blobPath }, fault: { kind: 'truncate', afterBytes: 200_000 }, skip: 1 });
    expect((await collect(scene.repository.readBlob(blob))).equals(content)).toBe(true);
    expect(scene.downloads().map(({ headers }) => headers.range)).toEqual([
      undefined,
      'bytes=300000-',
      'bytes=500000-',
    ]);
    expect(scene.warnings[0]).toContain(`blob ${blob.digest}: registry ${scene.registry.host}: `);
  });

  it('goes on after a reset, however little has arrived', async () => {
    await using scene = await openWithBlob();
    scene.registry.inject({ match: { path: blobPath }, fault: { kind: 'reset', afterBytes: 300_000 } });
    expect((await collect(scene.repository.readBlob(blob))).equals(content)).toBe(true);
    expect(scene.downloads()).toHaveLength(2);
  });

  it('goes on at a server that knows no ranges', async () => {
    await using scene = await openWithBlob();
    scene.registry.behaviour.ranges = false;
    scene.registry.inject({ match: { path: blobPath }, fault: { kind: 'truncate', afterBytes: 300_000 } });
    expect((await collect(scene.repository.readBlob(blob))).equals(content)).toBe(true);
    expect(scene.downloads()).toHaveLength(2);
  });

  it('may break any number of times as long as it gets further', async () => {
    await using scene = await openWithBlob();
    scene.registry.inject({ match: { path: blobPath }, fault: { kind: 'truncate', afterBytes: 100_000 }, times: 9 });
    expect((await collect(scene.repository.readBlob(blob))).equals(content)).toBe(true);
    expect(scene.downloads()).toHaveLength(10);
  });

  it('ends when it does not get further', async () => {
    await using scene = await openWithBlob();
    scene.registry.inject({ match: { path: blobPath }, fault: { kind: 'truncate', afterBytes: 100 }, times: always });
    await expect(collect(scene.repository.readBlob(blob))).rejects.toMatchObject({
      code: 'REGISTRY_INTERRUPTED',
      exitStatus: 1,
    });
    expect(scene.downloads()).toHaveLength(5);
  });

  it('stops when told', async () => {
    await using scene = await openWithBlob();
    const controller = new AbortController();
    const reading = scene.repository.readBlob(blob, controller.signal)[Symbol.asyncIterator]();
    await reading.next();
    controller.abort(new Error('stopped'));
    await expect(
      (async () => {
        while ((await reading.next()).done !== true);
      })(),
    ).rejects.toThrow('stopped');
    expect(scene.waits).toEqual([]);
  });

  const wrong = [
    {
      name: 'with a wrong byte',
      fault: { kind: 'corrupt', offset: 500_000 },
      error: {
        code: 'BLOB_DIGEST_MISMATCH',
        message: expect.stringMatching(/^blob sha256:.* in docker:\/\/.*\/os\/example is damaged: /),
      },
    },
    {
      name: 'that is too short',
      fault: { kind: 'resize', by: -1 },
      error: {
        code: 'BLOB_SIZE_MISMATCH',
        message: expect.stringMatching(/ has 999999 bytes, its descriptor says 1000000$/),
      },
    },
    {
      name: 'that is too long',
      fault: { kind: 'resize', by: 1 },
      error: {
        code: 'BLOB_SIZE_MISMATCH',
        message: expect.stringMatching(/ has 1000001 bytes, its descriptor says 1000000$/),
      },
    },
  ] as const;
  it.each(wrong)('refuses a blob $name, and asks only once', async ({ fault, error }) => {
    await using scene = await openWithBlob();
    scene.registry.inject({ match: { path: blobPath }, fault });
    await expect(collect(scene.repository.readBlob(blob))).rejects.toMatchObject({ exitStatus: 4, ...error });
    expect(scene.downloads()).toHaveLength(1);
  });

  const lengths = [
    { name: 'ends early', body: content.subarray(1), found: '999999' },
    { name: 'goes on', body: Buffer.concat([content, content]), found: 'more than 1000000' },
  ];
  it.each(lengths)('refuses a body without a length that $name', async ({ body, found }) => {
    await using scene = await openScriptedRepository((_, response) => {
      response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end(body);
    });
    await expect(collect(scene.repository.readBlob(blob))).rejects.toMatchObject({
      code: 'BLOB_SIZE_MISMATCH',
      message: `blob ${blob.digest} in ${scene.where} has ${found} bytes, its descriptor says 1000000`,
    });
  });

  const resumptions = [
    { name: 'a range', answer: answerRange },
    {
      name: 'everything, though a range was asked for',
      answer: (_: IncomingMessage, response: ServerResponse) => response.end(content),
    },
    {
      name: 'a part of the range',
      answer: (request: IncomingMessage, response: ServerResponse) => {
        const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
        const end = Math.min(start + 200_000, content.length);
        response.writeHead(206, { 'Content-Range': `bytes ${start}-${end - 1}/*` }).end(content.subarray(start, end));
      },
    },
    {
      name: 'another range than the one asked for',
      answer: (request: IncomingMessage, response: ServerResponse) => {
        if (request.headers.range === undefined) response.end(content);
        else response.writeHead(206, { 'Content-Range': `bytes 5-9/${content.length}` }).end(content.subarray(5, 10));
      },
    },
    {
      name: 'a range without saying which',
      answer: (request: IncomingMessage, response: ServerResponse) => {
        if (request.headers.range === undefined) response.end(content);
        else response.writeHead(206).end(content);
      },
    },
    {
      name: '416',
      answer: (request: IncomingMessage, response: ServerResponse) => {
        if (request.headers.range === undefined) response.end(content);
        else response.writeHead(416).end();
      },
    },
  ];
  it.each(resumptions)('goes on when it is answered $name', async ({ answer }) => {
    await using scene = await openScriptedRepository(breaksFirst(answer));
    expect(digestOf(await collect(scene.repository.readBlob(blob)))).toBe(blob.digest);
  });

  const shrunk = [
    { name: 'a 206', status: 206, range: 'bytes 500000-700000/700001' },
    { name: 'a 416', status: 416, range: 'bytes */700001' },
  ];
  it.each(shrunk)('ends when $name says that the blob has another size', async ({ status, range }) => {
    await using scene = await openScriptedRepository(
      breaksFirst((_, response) => response.writeHead(status, { 'Content-Range': range }).end()),
    );
    await expect(collect(scene.repository.readBlob(blob))).rejects.toMatchObject({
      code: 'BLOB_SIZE_MISMATCH',
      message: `blob ${blob.digest} in ${scene.where} has 700001 bytes, its descriptor says 1000000`,
    });
  });

  it('finds out that another server went on with another blob', async () => {
    const other = randomBytes(content.length);
    await using scene = await openScriptedRepository(
      breaksFirst((request, response) => {
        const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
        const range = `bytes ${start}-${other.length - 1}/${other.length}`;
        response.writeHead(206, { 'Content-Range': range }).end(other.subarray(start));
      }),
    );
    await expect(collect(scene.repository.readBlob(blob))).rejects.toMatchObject({ code: 'BLOB_DIGEST_MISMATCH' });
  });

  it('takes no more of a large blob than its reader does', async () => {
    const piece = Buffer.alloc(1024 * 1024);
    const count = 128;
    let sent = 0;
    const pieces = function* () {
      for (let index = 0; index < count; index++) {
        sent += piece.length;
        yield piece;
      }
    };
    await using scene = await openScriptedRepository((_, response) => {
      Readable.from(pieces(), { highWaterMark: 1 }).pipe(response);
    });
    const zeros = Buffer.alloc(piece.length * count);
    let read = 0;
    let ahead = 0;
    for await (const chunk of scene.repository.readBlob(descriptorOf(zeros))) {
      ahead = Math.max(ahead, sent - read);
      read += chunk.length;
      await new Promise((resolve) => void setImmediate(resolve));
    }
    expect(ahead).toBeLessThan(32 * piece.length);
  });

  it.each([
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ])('says why a layer of the type %s is not there', async (mediaType) => {
    await using scene = await openTestingRepository();
    await expect(collect(scene.repository.readBlob({ ...blob, mediaType }))).rejects.toMatchObject({
      code: 'LAYER_FOREIGN',
      exitStatus: 4,
      message: `layer ${blob.digest} is not in ${scene.where}: its media type ${mediaType} says that it must be had from elsewhere`,
    });
  });
});
