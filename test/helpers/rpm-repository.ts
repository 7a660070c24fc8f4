import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { mapParallel } from '../../src/lib/parallel.ts';
import type { RepositoryFile } from '../../src/packages/backend.ts';
import { type GpgKeyring, gpgKeyring } from './gpg-keyring.ts';
import type { HttpServer } from './http-server.ts';
import { buildRpm, signRpm, type TestRpm } from './rpm-packages.ts';
import { serveDirectory } from './serve-directory.ts';

const createrepo = {
  name: 'createrepo_c',
  packages: { deb: 'createrepo-c', rpm: 'createrepo_c' },
  purpose: 'makes repositories for tests',
};

/** A repository of small real packages, served from this process on the loopback interface. */
export interface RpmRepository extends AsyncDisposable {
  /** Everything of it lies in here; the packages and `repodata/` in `repo/`, which is served. */
  directory: string;
  /** `DIRECTORY/repo`. */
  packages: string;
  /** Base address, without a final slash. */
  url: string;
  /** Signs the packages; its public half lies armoured in {@link keyFile}. */
  keyring: GpgKeyring;
  keyFile: string;
  /** What was asked for, in order. */
  requests: HttpServer['requests'];
  /** Builds, and signs unless told not to. @returns the files' paths; the index is as before until {@link index} */
  add(packages: readonly TestRpm[], options?: { sign?: boolean }): Promise<string[]>;
  /** Makes `repodata/` of the packages that are there; with a signature, `repomd.xml.asc` too. */
  index(options?: IndexOptions): Promise<void>;
  /**
   * Writes `DIRECTORY/NAME.repo` with one section of that name.
   * @param keys further or other keys than name, baseurl, gpgcheck=1 and gpgkey; `undefined` leaves one out
   */
  repositoryFile(name: string, keys?: Readonly<Record<string, string | undefined>>): Promise<RepositoryFile>;
}

export interface IndexOptions {
  /** Seconds since the epoch: the index's revision and the time of its parts. */
  revision?: number;
  sign?: boolean;
  /** Path of a comps.xml. */
  groups?: string;
}

/** The revision of an index unless a test says otherwise. */
const indexTime = Date.UTC(2025, 10, 20, 12) / 1000;

/** Builds signed packages, an index and a throwaway key, and serves them. */
export async function serveRpmRepository(packages: readonly TestRpm[]): Promise<RpmRepository> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-rpm-repo-'));
  const repository = join(directory, 'repo');
  await mkdir(repository);
  const keyring = await gpgKeyring();
  const keyFile = join(directory, 'test.asc');
  await exportKey(keyring, keyFile);
  const server = await serveDirectory(repository);
  const url = `http://${server.host}`;

  const made: RpmRepository = {
    directory,
    packages: repository,
    url,
    keyring,
    keyFile,
    requests: server.requests,
    async add(items, { sign = true } = {}) {
      return mapParallel(items, async (item) => {
        const file = await buildRpm(item, repository);
        if (sign) await signRpm(file, keyring);
        return file;
      });
    },
    index: (options) => indexRpms(repository, keyring, options),
    async repositoryFile(name, keys = {}) {
      const path = join(directory, `${name}.repo`);
      const usual = { name: `Test ${name}`, baseurl: url, gpgcheck: '1', gpgkey: `file://${keyFile}` };
      const lines = Object.entries<string | undefined>({ ...usual, ...keys }).flatMap(([key, value]) =>
        value === undefined ? [] : [`${key}=${value}`],
      );
      await writeFile(path, `[${name}]\n${lines.join('\n')}\n`);
      return { name, path };
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await keyring[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await made.add(packages);
  await made.index();
  return made;
}

/** Writes the public half of a keyring's key as text. */
async function exportKey({ home, key }: GpgKeyring, file: string): Promise<void> {
  await run(tools.gpg, ['--batch', '--yes', '--armor', '--output', file, '--export', key], {
    env: { GNUPGHOME: home },
  });
}

/** Makes `repodata/` in a directory of packages. */
export async function indexRpms(
  directory: string,
  { home, key }: Pick<GpgKeyring, 'home' | 'key'>,
  { revision = indexTime, sign = false, groups }: IndexOptions = {},
): Promise<void> {
  const times = ['--revision', String(revision), '--set-timestamp-to-revision'];
  const comps = groups === undefined ? [] : ['--groupfile', groups];
  await run(createrepo, ['--quiet', '--no-database', ...times, ...comps, directory]);
  const index = join(directory, 'repodata/repomd.xml');
  await rm(`${index}.asc`, { force: true });
  if (!sign) return;
  await run(tools.gpg, ['--batch', '--armor', '--detach-sign', '--local-user', key, index], {
    env: { GNUPGHOME: home },
  });
}
