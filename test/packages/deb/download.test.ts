import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Lockfile } from '../../../src/contract/lockfile.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';
import type { PackageRequest } from '../../../src/packages/backend.ts';
import { downloadDebs } from '../../../src/packages/deb/download.ts';
import { type Reporter, silentReporter } from '../../../src/progress/reporter.ts';

const content = Buffer.alloc(200_000, 'package');
const lock: Lockfile = {
  family: 'deb' as const,
  basearch: 'x86_64',
  repositoryTimestamp: 0,
  packages: [
    {
      name: 'tool',
      version: '1:2.0+x',
      architecture: 'all',
      source: 'tool',
      sha256: sha256Hex(content),
      size: content.length,
      repository: 'os',
      path: 'pool/t/tool_2.0+x_all.deb',
    },
  ],
};

describe('downloadDebs', () => {
  let directory: string;
  const servers: Server[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await rm(directory, { recursive: true });
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  async function download(uris: readonly string[], reporter: Reporter = silentReporter()): Promise<string[]> {
    const path = join(directory, 'os.sources');
    await writeFile(path, `Types: deb\nURIs: ${uris.join(' ')}\nSuites: a\n`);
    const request: PackageRequest = {
      basearch: 'x86_64',
      packages: ['tool'],
      exclude: [],
      recommends: false,
      repositories: [{ name: 'os', path }],
      variables: {},
      pins: {},
      overrides: [],
    };
    const context = { cacheDirectory: join(directory, 'cache'), reporter };
    await using _held = await downloadDebs(request, lock, () => Promise.resolve(undefined), context);
    return (await readdir(join(directory, 'cache/packages'))).filter((name) => !name.startsWith('.'));
  }

  test('takes the next address when one has no such file, and follows redirects', async () => {
    const asked: string[] = [];
    const empty = await serve((_request, response) => response.writeHead(404).end());
    const target = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.end(content);
    });
    const redirecting = await serve((request, response) =>
      response.writeHead(302, { location: `${target}/moved${request.url}` }).end(),
    );
    expect(await download([empty, redirecting])).toEqual([`${sha256Hex(content)}.deb`]);
    expect(asked).toEqual(['/moved/pool/t/tool_2.0%2Bx_all.deb']);
  });

  test('tries again after an error of the server and after a broken connection; progress ends at the total', async () => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests += 1;
      if (requests === 1) response.writeHead(503).end();
      else if (requests === 2) response.write(content.subarray(0, 1000), () => response.destroy());
      else response.end(content);
    });
    let last = [0, 0];
    const reporter: Reporter = { ...silentReporter(), progress: (done, total) => (last = [done, total ?? 0]) };
    expect(await download([url], reporter)).toHaveLength(1);
    expect(requests).toBe(3);
    expect(last).toEqual([content.length, content.length]);
  });

  test('goes on where a transfer broke, and asks for what is missing alone', async () => {
    const ranges: string[] = [];
    let breakConnection: (() => void) | undefined;
    const url = await serve(({ headers: { range = '' } }, response) => {
      ranges.push(range);
      if (ranges.length === 1) {
        response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 150_000));
        breakConnection = () => response.destroy();
        return;
      }
      const start = Number(/\d+/.exec(range)?.[0]);
      response.writeHead(206, { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` });
      response.end(content.subarray(start));
    });
    // Broken only when some of it has arrived.
    const reporter: Reporter = { ...silentReporter(), progress: () => breakConnection?.() };
    expect(await download([url], reporter)).toEqual([`${sha256Hex(content)}.deb`]);
    expect(ranges).toEqual(['', expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
  });

  test.each([
    [416, {}],
    [206, { 'content-range': `bytes 0-${content.length - 1}/${content.length}` }],
    [206, {}],
  ] as const)('begins anew where a mirror answers a range with %i %j', async (status, headers) => {
    let requests = 0;
    let breakConnection: (() => void) | undefined;
    const reporter: Reporter = { ...silentReporter(), progress: () => breakConnection?.() };
    const url = await serve(({ headers: { range } }, response) => {
      requests += 1;
      if (requests === 1) {
        response.write(content.subarray(0, 1000));
        breakConnection = () => response.destroy();
      } else if (range !== undefined) response.writeHead(status, headers).end();
      else response.end(content);
    });
    expect(await download([url], reporter)).toHaveLength(1);
    expect(requests).toBe(3);
  });

  test('logs each request and each failure, and shows no password of an address', async () => {
    const lines: string[] = [];
    const reporter: Reporter = { ...silentReporter(), log: (line) => void lines.push(line) };
    const empty = await serve((_request, response) => response.writeHead(404).end());
    const good = await serve((_request, response) => response.end(content));
    await download([empty.replace('//', '//builder:hunter2@'), good], reporter);
    const path = 'pool/t/tool_2.0%2Bx_all.deb';
    expect(lines.map((line) => line.replace(/, [\d.]+ s$/, ''))).toEqual([
      `GET ${empty}/${path} 404, 0 B`,
      `${empty}/${path}: ${empty}/${path} answers with status 404`,
      `GET ${good}/${path} 200, 200 kB`,
    ]);
  });

  test('says of a package that nobody has who answered what', async () => {
    const empty = await serve((_request, response) => response.writeHead(404).end());
    await expect(download([empty])).rejects.toMatchObject({
      code: 'PACKAGE_UNAVAILABLE',
      message: `the package tool 1:2.0+x is not to be had: ${empty}/pool/t/tool_2.0%2Bx_all.deb answers with status 404`,
      hint: expect.stringContaining('if the version has left the mirror'),
      cause: { code: 'MIRROR_NOT_FOUND' },
    });
    const { host } = new URL(empty);
    servers.shift()?.close();
    await expect(download([empty])).rejects.toMatchObject({
      code: 'PACKAGE_UNAVAILABLE',
      message: `the package tool 1:2.0+x is not to be had: mirror ${host}: the connection is refused`,
      hint: 'check that it is running, and its port',
      cause: { code: 'MIRROR_REFUSED' },
    });
  });

  test.each([
    ['a flipped byte', (bytes: Buffer) => bytes.fill('x', 7, 8), /has sha256 [0-9a-f]{64}, expected/],
    ['too many bytes', (bytes: Buffer) => Buffer.concat([bytes, bytes]), /has more than 200000 bytes/],
    ['too few bytes', (bytes: Buffer) => bytes.subarray(1), /has 199999 of 200000 bytes/],
  ])('refuses %s, and takes a good copy from the next address', async (_what, spoil, message) => {
    const bad = await serve((_request, response) => response.end(spoil(Buffer.from(content))));
    const good = await serve((_request, response) => response.end(content));
    await expect(download([bad])).rejects.toMatchObject({
      code: 'PACKAGE_HASH_MISMATCH',
      exitStatus: 4,
      message: expect.stringMatching(message),
    });
    expect(await readdir(join(directory, 'cache/packages'))).toEqual(['.lock']);
    expect(await download([bad, good])).toHaveLength(1);
  });

  test('stops when it is told to, and leaves nothing half-written', async () => {
    const controller = new AbortController();
    const url = await serve((_request, response) => {
      response.write(content.subarray(0, 1000), () => controller.abort());
    });
    await expect(download([url], silentReporter(controller.signal))).rejects.toThrow('aborted');
    expect(await readdir(join(directory, 'cache/packages'))).toEqual(['.lock']);
  });

  test('fetches again what is not the file that was locked, and nothing else', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked++;
      response.end(content);
    });
    const [name = ''] = await download([url]);
    await download([url]);
    expect(asked).toBe(1);
    const path = join(directory, 'cache/packages', name);
    for (const damaged of [content.subarray(0, 10), Buffer.alloc(content.length), Buffer.alloc(0)]) {
      await writeFile(path, damaged);
      await download([url]);
      expect(sha256Hex(await readFile(path))).toBe(sha256Hex(content));
    }
    expect(asked).toBe(4);
  });

  test('reads repositories of this machine', async () => {
    const pool = join(directory, 'mirror #1/pool/t');
    await mkdir(pool, { recursive: true });
    await writeFile(join(pool, 'tool_2.0+x_all.deb'), content);
    expect(await download([`file:${encodeURI(join(directory, 'mirror #1')).replace('#', '%23')}`])).toHaveLength(1);
  });
});
