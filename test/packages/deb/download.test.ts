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
