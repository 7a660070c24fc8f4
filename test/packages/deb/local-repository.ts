import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/exec/run.ts';
import { digestFile, digestHex, sha256Hex } from '../../../src/lib/digest.ts';

const dpkgDeb = { name: 'dpkg-deb', packages: { deb: 'dpkg', rpm: 'dpkg' }, purpose: 'makes packages for tests' };
const gpg = { name: 'gpg', packages: { deb: 'gnupg', rpm: 'gnupg2' }, purpose: 'signs the repositories of tests' };

/** A package for a test: a name, and what differs from a small file and version 1.0. */
export interface TestPackage {
  name: string;
  version?: string;
  /** Further control fields. */
  fields?: Readonly<Record<string, string>>;
  /** Files by absolute path: their text, or a program or library of this machine. */
  files?: Readonly<Record<string, string | { copyOf: string }>>;
  /** Further control files: `preinst`, `triggers`, `conffiles`. */
  scripts?: Readonly<Record<string, string>>;
}

/** A signed repository of tiny packages, served from this process on the loopback interface. */
export interface LocalRepository extends AsyncDisposable {
  /** Everything lies in here: `repo/` is served. */
  directory: string;
  /** Base address, without a final slash. */
  url: string;
  /** Path of the armoured public key. */
  key: string;
  /** Paths that were asked for, in order. */
  requests: string[];
  /** Signs the index again: after packages or dates have changed. */
  sign(options?: { date?: Date }): Promise<void>;
}

/** The date of the repository's index unless a test says otherwise. */
const indexDate = new Date('2025-11-20T12:00:00Z');

/** The packages are of all architectures; the machine that tests may be of any of these. */
const architectures = ['amd64', 'arm64', 'ppc64el', 'riscv64', 's390x'];

/** Builds packages, an index and a throwaway key, and serves them. */
export async function serveRepository(packages: readonly TestPackage[]): Promise<LocalRepository> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-repo-'));
  const repository = join(directory, 'repo');
  await mkdir(join(repository, 'pool'), { recursive: true });
  for (const item of packages) await buildPackage(item, join(repository, 'pool'));
  const home = join(directory, 'gnupg');
  await mkdir(home, { mode: 0o700 });
  await chmod(home, 0o700);
  await gpgRun(home, ['--quick-generate-key', 'Test <test@example.com>', 'ed25519', 'sign', 'never']);
  const key = join(directory, 'test.asc');
  await gpgRun(home, ['--armor', '--output', key, '--export']);
  const requests: string[] = [];
  const server = await serve(repository, requests);
  const { port } = server.address() as AddressInfo;
  const sign = async ({ date = indexDate }: { date?: Date } = {}) => {
    const text = await packagesIndex(repository);
    const lines: string[] = [];
    for (const architecture of architectures) {
      const path = `main/binary-${architecture}/Packages`;
      await mkdir(join(repository, 'dists/test', path, '..'), { recursive: true });
      await writeFile(join(repository, 'dists/test', path), text);
      lines.push(` ${sha256Hex(text)} ${Buffer.byteLength(text)} ${path}\n`);
    }
    const release = join(repository, 'dists/test/Release');
    const fields = { Origin: 'Test', Suite: 'test', Date: date.toUTCString(), Components: 'main' };
    const head = Object.entries({ ...fields, Architectures: architectures.join(' ') });
    const headText = head.map(([name, value]) => `${name}: ${value}\n`).join('');
    await writeFile(release, `${headText}SHA256:\n${lines.join('')}`);
    await gpgRun(home, ['--yes', '--clearsign', '--output', join(repository, 'dists/test/InRelease'), release]);
  };
  await sign();
  return {
    directory,
    url: `http://127.0.0.1:${port}`,
    key,
    requests,
    sign,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The control paragraph of a package. */
export function controlText(item: TestPackage): string {
  const fields = {
    Package: item.name,
    Version: item.version ?? '1.0',
    Architecture: 'all',
    Maintainer: 'Test <test@example.com>',
    Description: 'for a test',
    ...item.fields,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

/** Builds a package file and returns its path. */
export async function buildPackage(item: TestPackage, output: string): Promise<string> {
  const tree = await mkdtemp(join(tmpdir(), 'cosa-package-'));
  try {
    await mkdir(join(tree, 'DEBIAN'), { mode: 0o755 });
    await writeFile(join(tree, 'DEBIAN/control'), controlText(item));
    for (const [name, text] of Object.entries(item.scripts ?? {})) {
      await writeFile(join(tree, 'DEBIAN', name), text, { mode: 0o755 });
    }
    for (const [path, content] of Object.entries(item.files ?? { [`/usr/share/${item.name}`]: item.name })) {
      await mkdir(join(tree, path, '..'), { recursive: true });
      if (typeof content === 'string') await writeFile(join(tree, path), content);
      else await copyFile(content.copyOf, join(tree, path));
      if (path.includes('/sbin/')) await chmod(join(tree, path), 0o755);
    }
    const { version = '1.0', fields: { Architecture = 'all' } = {} } = item;
    const file = join(output, `${item.name}_${version.replace(':', '%3a')}_${Architecture}.deb`);
    await run(dpkgDeb, ['--root-owner-group', '-Znone', '--build', tree, file], {
      env: { SOURCE_DATE_EPOCH: String(Date.UTC(2025, 9, 1) / 1000) },
    });
    return file;
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function packagesIndex(repository: string): Promise<string> {
  const names = (await readdir(join(repository, 'pool'))).sort();
  const paragraphs = await Promise.all(
    names.map(async (name) => {
      const file = join(repository, 'pool', name);
      const { digest, size } = await digestFile(file);
      return `${(await run(dpkgDeb, ['--field', file])).stdout}Filename: pool/${name}\nSize: ${size}\nSHA256: ${digestHex(digest)}\n`;
    }),
  );
  return paragraphs.join('\n');
}

async function gpgRun(home: string, args: readonly string[]): Promise<void> {
  await run(gpg, ['--homedir', home, '--batch', '--quiet', '--passphrase', '', ...args]);
}

async function serve(directory: string, requests: string[]): Promise<Server> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    requests.push(path);
    readFile(join(directory, path)).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
