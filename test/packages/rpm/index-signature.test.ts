import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CosaError, formatPosition } from '../../../src/lib/errors.ts';
import type { BackendContext } from '../../../src/packages/backend.ts';
import { rpmBackend } from '../../../src/packages/rpm.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { type GpgKeyring, gpgKeyring } from '../../helpers/gpg-keyring.ts';
import { type HttpServer, startHttpServer } from '../../helpers/http-server.ts';
import { type RpmRepository, requestFor, serveRpmRepository } from '../../helpers/rpm-repository.ts';

describe('where the index must be signed', () => {
  let repository: RpmRepository;
  let stranger: GpgKeyring;
  let server: HttpServer;
  let good: Buffer;
  let cacheDirectory: string;
  let context: BackendContext;
  /** What the server answers when it is asked for the signature: a status, or content. */
  let signature: number | Buffer;
  let key: number | Buffer;

  beforeAll(async () => {
    repository = await serveRpmRepository([{ name: 'library' }]);
    stranger = await gpgKeyring();
    await repository.index({ sign: true });
    good = await readFile(join(repository.packages, 'repodata/repomd.xml.asc'));
    server = await startHttpServer(({ url = '' }, response) => {
      const special = url.endsWith('.asc') ? signature : url.endsWith('/key') ? key : undefined;
      if (typeof special === 'number') return void response.writeHead(special).end();
      if (special !== undefined) return void response.end(special);
      void readFile(join(repository.packages, url)).then(
        (content) => response.end(content),
        () => response.writeHead(404).end(),
      );
    });
  }, 60_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await stranger[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), 'cosa-cache-'));
    context = { cacheDirectory, reporter: silentReporter() };
    signature = good;
    key = 404;
  });
  afterEach(async () => rm(cacheDirectory, { recursive: true }));

  async function resolve(keys: Readonly<Record<string, string | undefined>> = {}): Promise<number> {
    const section = { baseurl: `http://${server.host}`, repo_gpgcheck: '1', ...keys };
    const file = await repository.repositoryFile('a', section);
    return (await rpmBackend.resolve(requestFor([file], ['library']), context)).packages.length;
  }

  async function failure(promise: Promise<unknown>): Promise<unknown> {
    const error: unknown = await promise.catch((thrown: unknown) => thrown);
    if (!(error instanceof CosaError)) throw new Error('expected a CosaError', { cause: error });
    const where = error.where === undefined ? '' : `${formatPosition(error.where)}: `;
    const message = `${where.replace(`${repository.directory}/`, '')}${error.message}`;
    return [
      error.exitStatus,
      error.code,
      message.replaceAll(server.host, 'HOST').replace(/\b[0-9a-fA-F]{16,}\b/, 'KEY'),
    ];
  }

  const subject = 'the signature of the repository "a" is not good: http://HOST/repodata/repomd.xml.asc: ';

  test('one that is signed is taken', async () => {
    expect(await resolve()).toBe(1);
  });

  test.each<[string, number | string, string]>([
    ['missing', 404, 'it is not there'],
    ['forbidden', 403, 'it is not there'],
    ['empty', '', 'it is no signature'],
    ['a page', '<html>moved</html>', 'it is no signature'],
  ])('a signature that is %s is none', async (_, answer, reason) => {
    signature = typeof answer === 'string' ? Buffer.from(answer) : answer;
    expect(await failure(resolve())).toEqual([4, 'REPOSITORY_SIGNATURE', subject + reason]);
    // Nor does a build go on without the repository: who forges would only have to take the signature away.
    expect(await failure(resolve({ skip_if_unavailable: '1' }))).toEqual([4, 'REPOSITORY_SIGNATURE', subject + reason]);
  });

  test('a signature of something else, and one by a stranger', async () => {
    const path = join(cacheDirectory, 'signature');
    await repository.keyring.gpg(['--detach-sign', '--output', path], 'other');
    signature = await readFile(path);
    expect(await failure(resolve())).toEqual([
      4,
      'REPOSITORY_SIGNATURE',
      `${subject}something else was signed by the key KEY`,
    ]);
    signature = good;
    await writeFile(join(repository.directory, 'stranger.asc'), await stranger.publicKeys());
    expect(await failure(resolve({ gpgkey: 'stranger.asc' }))).toEqual([
      4,
      'REPOSITORY_SIGNATURE',
      `${subject}it is by the key KEY, which is not among those that are trusted`,
    ]);
  });

  test('a mirror without a signature, or one that has trouble with it, is passed over for the next', async () => {
    const baseurl = `http://${server.host} ${repository.url}`;
    for (const answer of [404, 500, Buffer.alloc(0)]) {
      signature = answer;
      expect(await resolve({ baseurl })).toBe(1);
    }
  });

  test.each<[string, Readonly<Record<string, string | undefined>>, string, string]>([
    [
      'none',
      { gpgkey: undefined },
      'REPOSITORY_UNTRUSTED',
      'a.repo:5: the repository "a" wants its index checked, and no section names a key',
    ],
    [
      'a file that is not there',
      { gpgkey: 'gone.asc' },
      'REPOSITORY_KEY_MISSING',
      "a.repo:5: the repository's key gone.asc cannot be read",
    ],
    [
      'a file without a key',
      { gpgkey: 'a.repo' },
      'KEYRING_INVALID',
      'a.repo:5: a.repo holds no public key of OpenPGP',
    ],
    [
      'an address that does not have it',
      { gpgkey: 'http://HOST/key' },
      'REPOSITORY_KEY_MISSING',
      'a.repo:5: the key of the repository "a" cannot be fetched: http://HOST/key answers with status 404',
    ],
  ])('its key must be there: %s', async (_, keys, code, message) => {
    const named = keys.gpgkey?.replace('HOST', server.host);
    expect(await failure(resolve({ ...keys, gpgkey: named }))).toEqual([2, code, message]);
  });

  test('an address that has no key is asked again when it has one', async () => {
    const gpgkey = `http://${server.host}/key`;
    key = Buffer.from('<html>later</html>');
    expect(await failure(resolve({ gpgkey }))).toEqual([
      2,
      'KEYRING_INVALID',
      'a.repo:5: http://HOST/key holds no public key of OpenPGP',
    ]);
    key = await readFile(repository.keyFile);
    expect(await resolve({ gpgkey })).toBe(1);
  });
});
