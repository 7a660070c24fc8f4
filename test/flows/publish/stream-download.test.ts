import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DownloadStreamOptions, downloadStream } from '../../../src/flows/publish/stream-download.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';
import { type HttpServer, startHttpServer } from '../../helpers/http-server.ts';
import { silentSession } from '../../helpers/session.ts';

/** 3 MB that do not get smaller. */
const disk = Buffer.from(
  Array.from({ length: 750_000 }, (_, index) => (index * 2_654_435_761) >>> 0).flatMap((word) => [
    word & 255,
    (word >> 8) & 255,
    (word >> 16) & 255,
    word >>> 24,
  ]),
);
const packed = gzipSync(disk);
const name = 'example-13.0.0-qemu.x86_64.raw.gz';

let base: string;
let keyring: string;
let otherKeyring: string;
let signature: Buffer;
let directory: string;
let files: Map<string, Buffer>;
let server: HttpServer;
/** How often, and after how many bytes, the server breaks off what it sends of a large file. */
let breaks: { times: number; after: number };
let ranges: boolean;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-download-'));
  await writeFile(join(base, 'data'), packed);
  const gpg = (...args: string[]) =>
    execFileSync(
      'gpg',
      ['--homedir', base, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '', ...args],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
  for (const person of ['releases@example.com', 'other@example.com']) {
    gpg('--quick-generate-key', person, 'ed25519', 'sign', 'never');
  }
  gpg('--local-user', 'releases@example.com', '--detach-sign', '--output', join(base, 'signature'), join(base, 'data'));
  signature = await readFile(join(base, 'signature'));
  keyring = join(base, 'releases.gpg');
  otherKeyring = join(base, 'other.asc');
  await writeFile(keyring, gpg('--export', 'releases@example.com'));
  await writeFile(otherKeyring, gpg('--armor', '--export', 'other@example.com'));
  server = await startHttpServer(serve);
});
afterAll(async () => {
  execFileSync('gpgconf', ['--homedir', base, '--kill', 'all']);
  await server[Symbol.asyncDispose]();
  await rm(base, { recursive: true });
});

beforeEach(async () => {
  directory = await mkdtemp(join(base, 'out-'));
  files = new Map([
    [`/${name}`, packed],
    [`/${name}.sig`, signature],
  ]);
  breaks = { times: 0, after: 0 };
  ranges = true;
  server.requests.length = 0;
});

function serve({ url = '', headers }: IncomingMessage, response: ServerResponse): void {
  const content = files.get(url);
  if (content === undefined) {
    response.writeHead(404).end();
    return;
  }
  const start = ranges ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0;
  if (start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  if (start > 0) {
    response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`);
    response.statusCode = 206;
  }
  response.setHeader('content-length', content.length - start);
  if (breaks.times > 0 && content.length > 1_000_000) {
    breaks.times--;
    response.write(content.subarray(start, start + breaks.after), () => response.destroy());
  } else {
    response.end(content.subarray(start));
  }
}

interface Change {
  location?: string;
  signature?: string | undefined;
  sha256?: string;
  'uncompressed-sha256'?: string | undefined;
}

/** Publishes a stream with one image, and asks for it. */
async function download(change: Change = {}, options: Partial<DownloadStreamOptions> = {}) {
  const at = `http://${server.host}/${name}`;
  const artifact = {
    location: at,
    signature: `${at}.sig`,
    sha256: sha256Hex(packed),
    'uncompressed-sha256': sha256Hex(disk),
    ...change,
  };
  const document = {
    stream: 'stable',
    metadata: {},
    architectures: {
      x86_64: { artifacts: { qemu: { release: '13.0.0', formats: { 'raw.gz': { disk: artifact } } } } },
    },
  };
  files.set('/streams/stable.json', Buffer.from(JSON.stringify(document)));
  const session = silentSession();
  return downloadStream(
    { ...session, stores: { ...session.stores, wait: async () => undefined } },
    {
      directory,
      source: `http://${server.host}/streams/stable.json`,
      options: {},
      choice: { platform: 'qemu', architecture: 'x86_64' },
      decompress: true,
      force: false,
      ...options,
    },
  );
}

const asked = () => server.requests.filter(({ url }) => url === `/${name}`).map(({ headers }) => headers.range);
const partial = () => join(directory, `.${name}.${sha256Hex(packed).slice(0, 16)}.part`);

describe('a file of a stream', () => {
  it('is downloaded, verified by checksum and signature, and unpacked', async () => {
    const [file] = await download({}, { keyring });
    const path = join(directory, 'example-13.0.0-qemu.x86_64.raw');
    expect(file).toMatchObject({ path, sha256: sha256Hex(disk), size: disk.length, present: false, release: '13.0.0' });
    expect(file?.signedBy).toMatch(/^[0-9A-F]{40}$/);
    expect(await readdir(directory)).toEqual(['example-13.0.0-qemu.x86_64.raw']);
    expect(disk.equals(await readFile(path))).toBe(true);
  });

  it('stays as it was published if that is wanted, or if nothing says what would come out of it', async () => {
    await download({}, { decompress: false });
    expect(packed.equals(await readFile(join(directory, name)))).toBe(true);
    const [again] = await download({ 'uncompressed-sha256': undefined }, { keyring });
    expect(again).toMatchObject({ present: true, path: join(directory, name) });
    expect(again?.signedBy).toBeDefined();
    expect(asked()).toEqual([undefined]);
  });

  it('is not downloaded again', async () => {
    await download();
    expect(await download()).toMatchObject([{ present: true }]);
    expect(asked()).toEqual([undefined]);
  });

  it('replaces another one only if it may', async () => {
    const path = join(directory, 'example-13.0.0-qemu.x86_64.raw');
    await writeFile(path, 'mine');
    await expect(download()).rejects.toMatchObject({
      code: 'DOWNLOAD_EXISTS',
      exitStatus: 2,
      message: `${path} is there, and is another file`,
    });
    expect(await readFile(path, 'utf8')).toBe('mine');
    await download({}, { force: true });
    expect(disk.equals(await readFile(path))).toBe(true);
  });

  it('is also read from a local store', async () => {
    await mkdir(join(directory, 'store/streams'), { recursive: true });
    await writeFile(join(directory, 'store', name), packed);
    await download().catch(() => undefined);
    const text = files.get('/streams/stable.json')?.toString() ?? '';
    const local = text.replaceAll(`http://${server.host}`, `file://${join(directory, 'store')}`);
    await writeFile(join(directory, 'store/streams/stable.json'), local);
    for (const source of ['store/streams/stable.json', `file://${directory}/store`]) {
      const [file] = await download({}, { source, output: `from-${source.length}` });
      expect(file).toMatchObject({ present: false, size: disk.length });
    }
  });
});

describe('a download that breaks', () => {
  it('goes on from where it broke', async () => {
    breaks = { times: 3, after: 700_000 };
    await download();
    const offsets = asked().map((range) => Number(/\d+/.exec(range ?? '0')?.[0]));
    // The last bytes before a break may not arrive.
    expect(offsets.map((offset) => Math.round(offset / 700_000))).toEqual([0, 1, 2, 3]);
  });

  it('goes on where the server cannot begin in the middle', async () => {
    ranges = false;
    breaks = { times: 2, after: 700_000 };
    expect(await download()).toMatchObject([{ size: disk.length }]);
  });

  it('is given up when nothing more comes, and the next one goes on', async () => {
    breaks = { times: 1000, after: 100_000 };
    breaks.after = 10_000;
    await expect(download()).rejects.toMatchObject({ code: 'SERVER_INTERRUPTED', exitStatus: 1 });
    const { length } = await readFile(partial());
    breaks.times = 0;
    server.requests.length = 0;
    await download();
    expect(asked()).toEqual([`bytes=${length}-`]);
    expect(await readdir(directory)).toEqual(['example-13.0.0-qemu.x86_64.raw']);
  });

  it('begins anew if what was there is not the beginning of the file, or too much', async () => {
    for (const rest of [Buffer.alloc(1000, 7), Buffer.concat([packed, packed])]) {
      await writeFile(partial(), rest);
      const [file] = await download({}, { force: true, output: directory, decompress: false });
      expect(file).toMatchObject({ sha256: sha256Hex(packed) });
      await rm(join(directory, name));
    }
  });

  it('removes what is left of another version of the file', async () => {
    const other = join(directory, `.${name}.0123456789abcdef.part`);
    await writeFile(other, 'x');
    await download();
    expect(await readdir(directory)).toEqual(['example-13.0.0-qemu.x86_64.raw']);
  });
});

describe('what is not what it should be', () => {
  it.each<[string, Change, object]>([
    [
      'another checksum',
      { sha256: '0'.repeat(64) },
      {
        code: 'DOWNLOAD_MISMATCH',
        hint: `it should be ${'0'.repeat(64)}: the file or the metadata was changed; ask who publishes it`,
      },
    ],
    ['another content', { 'uncompressed-sha256': '1'.repeat(64) }, { code: 'DOWNLOAD_MISMATCH' }],
    [
      'a location that is none',
      { location: 'nowhere' },
      { code: 'DOWNLOAD_ADDRESS', message: '"nowhere" ends with no name of a file' },
    ],
    [
      'a file of this machine',
      { location: 'file:///etc/passwd' },
      {
        code: 'DOWNLOAD_ADDRESS',
        message: 'file:///etc/passwd cannot be downloaded from: it is a file of this machine, and comes from elsewhere',
      },
    ],
    [
      'another scheme',
      { location: 'ftp://example.com/disk.raw.gz' },
      {
        code: 'DOWNLOAD_ADDRESS',
        message: 'ftp://example.com/disk.raw.gz cannot be downloaded from: it is neither of https: nor of http:',
      },
    ],
    [
      'a password',
      { location: 'https://me:secret@example.com/disk.raw.gz' },
      {
        code: 'DOWNLOAD_ADDRESS',
        message: 'https://example.com/disk.raw.gz cannot be downloaded from: it holds a user or a password',
      },
    ],
    ['a name that leads elsewhere', { location: 'https://example.com/..%2f..%2fpasswd' }, { code: 'DOWNLOAD_ADDRESS' }],
    ['a hidden name', { location: 'https://example.com/.bashrc' }, { code: 'DOWNLOAD_ADDRESS' }],
  ])('is refused: %s', async (_what, change, error) => {
    await expect(download(change)).rejects.toMatchObject({ exitStatus: 4, ...error });
    expect((await readdir(directory)).filter((file) => !file.startsWith('.'))).toEqual([]);
  });

  it('is refused if it is not compressed as its name says', async () => {
    files.set(`/${name}`, disk);
    await expect(download({ sha256: sha256Hex(disk) })).rejects.toMatchObject({ code: 'DOWNLOAD_MISMATCH' });
    expect(await readdir(directory)).toEqual([`.${name}.${sha256Hex(disk).slice(0, 16)}.part`]);
  });

  it('is refused without a signature, with a bad one, and with one by somebody else', async () => {
    const refused = { code: 'DOWNLOAD_SIGNATURE', exitStatus: 4 };
    await expect(download({ signature: undefined }, { keyring })).rejects.toMatchObject(refused);
    await expect(download({ signature: '' }, { keyring })).rejects.toMatchObject(refused);
    await expect(download({}, { keyring: otherKeyring })).rejects.toMatchObject({
      ...refused,
      message: expect.stringMatching(
        /\.sig is no good signature: it is by the key [0-9a-f]{16}, which is not among those that are trusted$/,
      ) as string,
    });
    files.set(`/${name}.sig`, Buffer.from('no signature'));
    await expect(download({}, { keyring })).rejects.toMatchObject(refused);
    files.set(`/${name}.sig`, signature);
    const changed = Buffer.concat([packed, Buffer.from('x')]);
    files.set(`/${name}`, changed);
    await expect(download({ sha256: sha256Hex(changed) }, { keyring })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('something else was signed by the key') as string,
    });
    expect((await readdir(directory)).filter((file) => !file.startsWith('.'))).toEqual([]);
  });

  it('is no keyring', async () => {
    const path = join(base, 'data');
    await expect(download({}, { keyring: path })).rejects.toMatchObject({
      code: 'KEYRING_INVALID',
      exitStatus: 2,
      message: `${path} holds no public key of OpenPGP`,
    });
    await expect(download({}, { keyring: 'nowhere.gpg' })).rejects.toMatchObject({
      code: 'FILE_MISSING',
      exitStatus: 2,
    });
  });
});

it('needs to know which image is meant', async () => {
  await expect(download({}, { choice: { platform: 'aws', architecture: 'x86_64' } })).rejects.toMatchObject({
    code: 'ARTIFACT_UNKNOWN',
    message: 'the stream stable has no aws for x86_64',
    hint: 'it has for x86_64: qemu',
  });
  await expect(download({}, { source: `http://${server.host}/` })).rejects.toMatchObject({ code: 'STREAM_AMBIGUOUS' });
  expect(await download({}, { source: `http://${server.host}/`, stream: 'stable' })).toHaveLength(1);
});
