import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IndexOptions, indexRpms, signRpm } from '../../scripts/rpm-building.ts';
import { run } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { mapParallel } from '../../src/lib/parallel.ts';
import type { PackageRequest, RepositoryFile } from '../../src/packages/backend.ts';
import { type GpgKeyring, gpgKeyring } from './gpg-keyring.ts';
import type { HttpServer } from './http-server.ts';
import { buildRpm, type TestRpm } from './rpm-packages.ts';
import { serveDirectory } from './serve-directory.ts';

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
  index(options?: Omit<IndexOptions, 'signer'> & { sign?: boolean }): Promise<void>;
  /** A package file's path. */
  file(name: string): Promise<string>;
  /**
   * Writes `DIRECTORY/NAME.repo` with one section of that name.
   * @param keys further or other keys than name, baseurl, gpgcheck=1 and gpgkey; `undefined` leaves one out
   */
  repositoryFile(name: string, keys?: Readonly<Record<string, string | undefined>>): Promise<RepositoryFile>;
}

/** Builds packages, signed unless told not to, an index and a throwaway key, and serves them. */
export async function serveRpmRepository(
  packages: readonly TestRpm[],
  options: { sign?: boolean } = {},
): Promise<RpmRepository> {
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
    index: ({ sign = false, ...options } = {}) =>
      indexRpms(repository, { ...options, ...(sign ? { signer: keyring } : {}) }),
    async file(name) {
      const found = (await readdir(repository)).find((file) => file.startsWith(`${name}-`) && file.endsWith('.rpm'));
      if (found === undefined) throw new Error(`no package ${name}`);
      return join(repository, found);
    },
    async repositoryFile(name, keys = {}) {
      const path = join(directory, `${name}.repo`);
      const usual = { name: `Test ${name}`, baseurl: url, gpgcheck: '1', gpgkey: `file://${keyFile}` };
      const lines = Object.entries<string | undefined>({ ...usual, ...keys }).flatMap(([key, value]) =>
        value === undefined ? [] : [`${key}=${value}`],
      );
      const text = `${lines.join('\n')}\n`;
      await writeFile(path, `[${name}]\n${text}`);
      return { name, path, text };
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await keyring[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await made.add(packages, options);
  await made.index();
  return made;
}

/** Writes the public half of a keyring's key as text. */
export async function exportKey({ home, key }: GpgKeyring, file: string): Promise<void> {
  await run(tools.gpg, ['--batch', '--yes', '--armor', '--output', file, '--export', key], {
    env: { GNUPGHOME: home },
  });
}

/** A request for some packages of repositories. */
export function requestFor(
  repositories: readonly RepositoryFile[],
  packages: readonly string[],
  change: Partial<PackageRequest> = {},
): PackageRequest {
  const basics = {
    basearch: 'x86_64' as const,
    exclude: [],
    recommends: false,
    variables: {},
    pins: {},
    overrides: [],
  };
  return { ...basics, repositories, packages, ...change };
}
