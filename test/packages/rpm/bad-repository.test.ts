import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Lockfile } from '../../../src/contract/lockfile.ts';
import { CosaError } from '../../../src/lib/errors.ts';
import type { BackendContext, PackageRequest, RepositoryFile } from '../../../src/packages/backend.ts';
import { rpmBackend } from '../../../src/packages/rpm.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { startHttpServer } from '../../helpers/http-server.ts';
import { buildRpm } from '../../helpers/rpm-packages.ts';
import { exportKey, type RpmRepository, requestFor, serveRpmRepository } from '../../helpers/rpm-repository.ts';

describe('what a repository of rpms may do wrong', () => {
  let repository: RpmRepository;
  let other: RpmRepository;
  let cacheDirectory: string;
  let context: BackendContext;
  let warnings: string[];

  beforeAll(async () => {
    repository = await serveRpmRepository([
      { name: 'tool', requires: ['library'] },
      { name: 'library' },
      { name: 'clash', conflicts: ['library'] },
      { name: 'foreign', architecture: 'aarch64' },
      { name: 'path', requires: ['/usr/share/library'] },
    ]);
    other = await serveRpmRepository([{ name: 'library', version: '0.5' }], { sign: false });
    await exportKey(other.keyring, join(repository.directory, 'other.asc'));
  }, 60_000);
  afterAll(async () => {
    await repository[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), 'cosa-cache-'));
    warnings = [];
    context = { cacheDirectory, reporter: { ...silentReporter(), warn: (message) => void warnings.push(message) } };
  });
  afterEach(async () => rm(cacheDirectory, { recursive: true }));

  const signed = (change: Readonly<Record<string, string>> = {}) => repository.repositoryFile('a', change);

  async function fetchAll(request: PackageRequest): Promise<Lockfile> {
    const lock = await rpmBackend.resolve(request, context);
    await using _held = await rpmBackend.download(request, lock, context);
    return lock;
  }

  async function failure(
    promise: Promise<unknown>,
  ): Promise<Pick<CosaError, 'code' | 'exitStatus' | 'message' | 'hint'>> {
    const error: unknown = await promise.catch((thrown: unknown) => thrown);
    if (!(error instanceof CosaError)) throw new Error('expected a CosaError', { cause: error });
    const { code, exitStatus, message, hint } = error;
    return {
      code,
      exitStatus,
      message: message.replaceAll(repository.url, 'URL').replaceAll(other.url, 'OTHER'),
      hint,
    };
  }

  test('its packages are checked by the keys of any section', async () => {
    const keyless = await repository.repositoryFile('pool', { gpgkey: undefined });
    const keys = await repository.repositoryFile('keys', { baseurl: other.url, excludepkgs: '*' });
    const lock = await fetchAll(requestFor([keyless, keys], ['tool']));
    expect(lock.packages.map(({ name }) => name)).toEqual(['library', 'tool']);
    // What was seen to be signed is kept, and not looked at again with the same keys.
    const records = await readdir(join(cacheDirectory, 'signatures'));
    expect(records.filter((name) => !name.startsWith('.'))).toHaveLength(1);
  });

  test('a package that is not signed', async () => {
    const section = await repository.repositoryFile('a', { baseurl: other.url });
    expect(await failure(fetchAll(requestFor([section], ['library'])))).toEqual({
      code: 'PACKAGE_SIGNATURE',
      exitStatus: 4,
      message: 'the package library 0.5-1 (repository "a") is not signed',
      hint: 'if its repository signs nothing, say gpgcheck=0 in its section: then only the index proves its packages',
    });
    const unchecked = await repository.repositoryFile('a', { baseurl: other.url, gpgcheck: '0' });
    expect((await fetchAll(requestFor([unchecked], ['library']))).packages).toHaveLength(1);
  });

  test('a package that a key has signed which nobody names', async () => {
    expect(await failure(fetchAll(requestFor([await signed({ gpgkey: 'other.asc' })], ['library'])))).toEqual({
      code: 'PACKAGE_SIGNATURE',
      exitStatus: 4,
      message: expect.stringMatching(
        /^the package library 1\.0-1 \(repository "a"\) is signed by the key [0-9a-f]{8,}, which no section names$/,
      ) as string,
      hint: 'name a file with that key with gpgkey, in the .repo file, if you trust it',
    });
  });

  test('no key at all', async () => {
    const section = await repository.repositoryFile('a', { gpgkey: undefined });
    expect(await failure(fetchAll(requestFor([section], ['library'])))).toEqual({
      code: 'REPOSITORY_UNTRUSTED',
      exitStatus: 2,
      message: 'the packages of the repository "a" are to be checked, and no section names a key',
      hint: 'name a file with the public key with gpgkey; gpgcheck=0 takes packages without looking at their signatures',
    });
  });

  test('a key that is not there, and one that is none', async () => {
    const path = 'file:///etc/pki/rpm-gpg/RPM-GPG-KEY-nobody';
    expect(await failure(fetchAll(requestFor([await signed({ gpgkey: path })], ['library'])))).toEqual({
      code: 'REPOSITORY_KEY_MISSING',
      exitStatus: 2,
      message: "the repository's key /etc/pki/rpm-gpg/RPM-GPG-KEY-nobody cannot be read",
      hint: 'put the key beside the .repo file, as RPM-GPG-KEY-nobody',
    });
    expect(await failure(fetchAll(requestFor([await signed({ gpgkey: 'a.repo' })], ['library'])))).toMatchObject({
      code: 'KEYRING_INVALID',
      message: 'a.repo holds no public key of OpenPGP',
    });
  });

  test('a package that was changed after it was signed, in an index that says so', async () => {
    const changed = await serveRpmRepository([{ name: 'library' }]);
    try {
      const file = await changed.file('library');
      await appendFile(file, 'more');
      await changed.index();
      const section = await changed.repositoryFile('a');
      expect(await failure(fetchAll(requestFor([section], ['library'])))).toMatchObject({
        code: 'PACKAGE_SIGNATURE',
        message:
          'the package library 1.0-1 (repository "a") has no good signature: its payload is not the one that its header names',
        hint: 'take it from another mirror, or a version that is signed anew',
      });
    } finally {
      await changed[Symbol.asyncDispose]();
    }
  });

  test('a byte of a package in the cache that has changed: it is fetched again', async () => {
    const request = requestFor([await signed()], ['library']);
    const lock = await fetchAll(request);
    const path = join(cacheDirectory, 'packages', `${lock.packages[0]?.sha256}.rpm`);
    const content = await readFile(path);
    await writeFile(path, Buffer.from(content.map((byte, index) => (index === 500 ? byte ^ 1 : byte))));
    await using _held = await rpmBackend.download(request, lock, context);
    expect((await readFile(path)).equals(content)).toBe(true);
  });

  test('mirrors that are dead, damaged or behind are passed over', async () => {
    const server = await startHttpServer(({ url = '' }, response) => {
      if (url.startsWith('/list')) return void response.end(`# mirrors\n${dead}\n${broken}\n${repository.url}\n`);
      if (url.startsWith('/broken')) return void response.end('<html>moved</html>');
      response.writeHead(404).end();
    });
    const dead = 'http://127.0.0.1:9';
    const broken = `http://${server.host}/broken`;
    try {
      const list = await repository.repositoryFile('a', { mirrorlist: `http://${server.host}/list` });
      expect((await fetchAll(requestFor([list], ['library']))).packages).toHaveLength(1);
      const none = await repository.repositoryFile('a', { baseurl: `${broken} ${dead}` });
      expect(await failure(fetchAll(requestFor([none], ['library'])))).toMatchObject({
        code: 'REPOSITORY_INDEX',
        exitStatus: 4,
        message: expect.stringContaining(
          `the index of the repository "a" cannot be used:\n  ${broken}/repodata/repomd.xml cannot be used: it is <html>, and no <repomd>`,
        ) as string,
      });
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  test('a mirror whose index is not the one that the metalink names', async () => {
    const hash = 'a'.repeat(64);
    const server = await startHttpServer((_, response) => {
      response.end(
        `<metalink><files><file name="repomd.xml"><verification><hash type="sha256">${hash}</hash></verification>` +
          `<resources><url>${repository.url}/repodata/repomd.xml</url></resources></file></files></metalink>`,
      );
    });
    try {
      const section = await repository.repositoryFile('a', { metalink: `http://${server.host}/metalink` });
      expect((await failure(fetchAll(requestFor([section], ['library'])))).message).toBe(
        'the index of the repository "a" cannot be used:\n  URL/repodata/repomd.xml cannot be used: it is not the one that the metalink names: the mirror may be behind',
      );
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  test('a dead repository that a build may go on without is told of', async () => {
    const optional = await repository.repositoryFile('gone', {
      baseurl: 'http://127.0.0.1:9',
      skip_if_unavailable: '1',
    });
    const lock = await rpmBackend.resolve(requestFor([await signed(), optional], ['library']), context);
    expect(lock.packages).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^the repository "gone" is left out: the repository "gone" cannot be reached:\n {2}mirror 127\.0\.0\.1:9: the connection is refused$/,
      ),
    ]);
  });

  test('packages that cannot be together, and one for another machine', async () => {
    const sections = [await signed()];
    expect((await failure(rpmBackend.resolve(requestFor(sections, ['tool', 'clash']), context))).message).toBe(
      'no choice of versions satisfies every dependency:\n  clash 1.0-1.noarch conflicts with library, which library 1.0-1.noarch provides\n  tool 1.0-1.noarch needs library, and nothing that provides it can be installed',
    );
    expect(await failure(rpmBackend.resolve(requestFor(sections, ['foreign']), context))).toMatchObject({
      exitStatus: 2,
      message: expect.stringContaining('foreign') as string,
    });
    const arm = await rpmBackend.resolve(requestFor(sections, ['foreign'], { basearch: 'aarch64' }), context);
    expect(arm.packages).toMatchObject([{ name: 'foreign', architecture: 'aarch64' }]);
  });

  test('names, paths, provides, globs and comparisons are answered, and the lock says by whom', async () => {
    const specs = ['/usr/share/library', 'tool >= 1.0'];
    const lock = await rpmBackend.resolve(requestFor([await signed()], specs), context);
    expect(lock.answers).toEqual({ '/usr/share/library': ['library'], 'tool >= 1.0': ['tool'] });
    const request = requestFor([await signed()], specs);
    expect(await rpmBackend.applyOverrides(request, lock)).toEqual(lock);
    // A file that only the list of all files names.
    expect((await rpmBackend.resolve(requestFor([await signed()], ['path']), context)).packages).toHaveLength(2);
  });

  test('a group is no package, though the index has one', async () => {
    const grouped = await serveRpmRepository([{ name: 'tool' }]);
    try {
      const groups = join(grouped.directory, 'comps.xml');
      const member = '<packagelist><packagereq type="mandatory">tool</packagereq></packagelist>';
      await writeFile(groups, `<comps><group><id>core</id><name>Core</name>${member}</group></comps>`);
      await grouped.index({ groups });
      const request = requestFor([await grouped.repositoryFile('a')], ['@core', 'tool']);
      const positionOf = (name: string) => ({ file: 'manifest.yaml', line: name === '@core' ? 3 : 4 });
      await expect(rpmBackend.resolve(request, { ...context, positionOf })).rejects.toMatchObject({
        code: 'PACKAGE_UNKNOWN',
        exitStatus: 2,
        message: '"@core" names a group of packages or a module, and groups are not chosen from',
        hint: 'name the packages that are wanted: "dnf group info" and "dnf module info" list them',
        where: { file: 'manifest.yaml', line: 3 },
      });
      const only = requestFor([await grouped.repositoryFile('a')], [], {
        repositoryPackages: [{ repository: 'a', packages: ['@core'] }],
      });
      expect(await failure(rpmBackend.resolve(only, context))).toMatchObject({ code: 'PACKAGE_UNKNOWN' });
    } finally {
      await grouped[Symbol.asyncDispose]();
    }
  });

  test('a locked package that is gone is named, with what there is', async () => {
    const request = requestFor([await signed()], ['tool'], { pins: { library: '0.9-1', absent: '1-1' } });
    expect(await failure(rpmBackend.resolve(request, context))).toEqual({
      code: 'PACKAGE_UNAVAILABLE',
      exitStatus: 1,
      message: 'library is pinned to 0.9-1, and the repositories have 1.0-1.noarch',
      hint: 'change the lockfile or manifest-lock.overrides.yaml, or name a repository that keeps old versions',
    });
  });

  test('a repository for locked packages gives no others', async () => {
    const locked: RepositoryFile = {
      ...(await repository.repositoryFile('pool', { baseurl: other.url, gpgcheck: '0', priority: '1' })),
      use: 'locked',
    };
    const sections = [await signed(), locked];
    const plain = await rpmBackend.resolve(requestFor(sections, ['library']), context);
    expect(plain.packages).toMatchObject([{ version: '1.0-1', repository: 'a' }]);
    const pins = { library: '0.5-1' };
    const pinned = await rpmBackend.resolve(requestFor(sections, ['library'], { pins }), context);
    expect(pinned.packages).toMatchObject([{ version: '0.5-1', repository: 'pool' }]);
    const repositoryPackages = [{ repository: 'a', packages: ['library'] }];
    const named = { ...locked, use: 'all' as const };
    const chosen = await rpmBackend.resolve(
      requestFor([sections[0] as RepositoryFile, named], [], { repositoryPackages }),
      context,
    );
    expect(chosen.packages).toMatchObject([{ version: '1.0-1', repository: 'a' }]);
  });

  test('a local package needs no signature', async () => {
    const file = await buildRpm({ name: 'library', version: '3.0' }, cacheDirectory);
    const lock = await fetchAll(requestFor([await signed()], ['tool'], { overrides: [file] }));
    expect(lock.packages).toMatchObject([
      { name: 'library', version: '3.0-1', repository: 'overrides', path: basename(file) },
      { name: 'tool' },
    ]);
  });
});
