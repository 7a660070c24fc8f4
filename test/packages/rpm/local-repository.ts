import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/exec/run.ts';
import { tools } from '../../../src/exec/tools.ts';
import type { PackageRequest, RepositoryFile } from '../../../src/packages/backend.ts';
import { type GpgKeyring, gpgKeyring } from '../../helpers/gpg-keyring.ts';
import type { HttpServer } from '../../helpers/http-server.ts';
import { buildRpm, signRpm, type TestRpm } from '../../helpers/rpm-packages.ts';
import { serveDirectory } from '../../helpers/serve-directory.ts';

const createrepo = {
  name: 'createrepo_c',
  packages: { deb: 'createrepo-c', rpm: 'createrepo_c' },
  purpose: 'makes repositories of tests',
};

/** A repository of small rpms, signed and served on the loopback interface. */
export interface LocalRpmRepository extends AsyncDisposable {
  /** Of the test's own; `repo/` in it is served, `.repo` files and keys lie beside. */
  directory: string;
  /** Base address, without a final slash. */
  url: string;
  keyring: GpgKeyring;
  server: HttpServer;
  /** Makes the index anew: after packages have changed. */
  index(options?: readonly string[]): Promise<void>;
  /** Signs the index. */
  signIndex(): Promise<void>;
  /** Writes a `.repo` file of one section, and gives it as a config does. */
  section(name: string, options: Readonly<Record<string, string>>): Promise<RepositoryFile>;
  /** A package file's path. */
  file(name: string): Promise<string>;
}

/** Seconds since the epoch that the index tells. */
const indexTime = 1_764_000_000;

/** Builds packages, signs them, and serves them with an index. */
export async function serveRpms(
  packages: readonly TestRpm[],
  options: { signed?: boolean } = {},
): Promise<LocalRpmRepository> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-rpms-'));
  const repository = join(directory, 'repo');
  await mkdir(repository);
  const keyring = await gpgKeyring();
  for (const item of packages) {
    const file = await buildRpm(item, repository);
    if (options.signed !== false) await signRpm(file, keyring);
  }
  await exportKey(keyring, join(directory, 'test.asc'));
  const index = async (more: readonly string[] = []) => {
    await run(createrepo, [
      '--quiet',
      '--no-database',
      '--revision',
      String(indexTime),
      '--set-timestamp-to-revision',
      ...more,
      repository,
    ]);
  };
  await index();
  const server = await serveDirectory(repository);
  return {
    directory,
    url: `http://${server.host}`,
    keyring,
    server,
    index,
    async signIndex() {
      const repomd = join(repository, 'repodata/repomd.xml');
      const env = { GNUPGHOME: keyring.home };
      await run(tools.gpg, ['--batch', '--yes', '--armor', '--detach-sign', '--output', `${repomd}.asc`, repomd], {
        env,
      });
    },
    async section(name, options) {
      const path = join(directory, `${name}.repo`);
      const text = Object.entries(options)
        .map(([key, value]) => `${key}=${value}\n`)
        .join('');
      await writeFile(path, `[${name}]\n${text}`);
      return { name, path, text };
    },
    async file(name) {
      const found = (await readdir(repository)).find((file) => file.startsWith(`${name}-`) && file.endsWith('.rpm'));
      if (found === undefined) throw new Error(`no package ${name}`);
      return join(repository, found);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await keyring[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Writes a keyring's public key as text. */
export async function exportKey({ home }: GpgKeyring, path: string): Promise<void> {
  const { stdout } = await run(tools.gpg, ['--batch', '--armor', '--export'], { env: { GNUPGHOME: home } });
  await writeFile(path, stdout);
}

/** A request for some packages of a repository. */
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
