import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { LockedPackage, Lockfile } from '../../../src/contract/lockfile.ts';
import { type Bind, tryRunInSandbox } from '../../../src/exec/sandbox.ts';
import { digestFile, digestHex } from '../../../src/lib/digest.ts';
import type { BackendContext } from '../../../src/packages/backend.ts';
import { installDebs } from '../../../src/packages/deb/install.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { buildPackage, type TestPackage } from './local-repository.ts';

const execute = promisify(execFile);

/** What dpkg and maintainer scripts need: a target of the machine's own dpkg, its helpers and their libraries. */
const programs = [
  'sh',
  'cat',
  'cp',
  'diff',
  'ln',
  'mkdir',
  'rm',
  'tar',
  'true',
  'dpkg',
  'dpkg-deb',
  'dpkg-divert',
  'dpkg-query',
];
const furtherPrograms = ['dpkg-split', 'dpkg-statoverride', 'dpkg-trigger', 'update-alternatives'];

/** Users and groups of the target, with other numbers than the machine's where that would not be noticed. */
const passwd = 'root:x:0:0:root:/root:/bin/sh\nmail:x:8:8::/:/bin/sh\ncarrier:x:717:718::/:/bin/sh\n';
const group = 'root:x:0:\nmail:x:8:\ncarrier:x:718:\n';

/** The essential package of small targets. */
export async function basePackage(): Promise<TestPackage> {
  const files: Record<string, string | { copyOf: string }> = {};
  for (const name of [...programs, ...furtherPrograms]) {
    const path = `/usr/bin/${name}`;
    files[path] = { copyOf: path };
    const { stdout } = await execute('ldd', [path]);
    for (const library of stdout.match(/\/\S+/g) ?? []) {
      files[`/usr${library.replace(/^\/usr/, '')}`] = { copyOf: library };
    }
  }
  for (const name of ['ldconfig', 'start-stop-daemon']) files[`/usr/sbin/${name}`] = '#!/bin/sh\n';
  return {
    name: 'base',
    fields: { Essential: 'yes' },
    files: { ...files, '/etc/passwd': passwd, '/etc/group': group },
  };
}

/** Package files in a cache, as a download would have left them. */
export interface PackageCache {
  lock: Lockfile;
  context: BackendContext;
}

/** Builds packages into a new cache. Those with a `file` exist already. */
export async function packageCache(
  items: readonly (TestPackage | { name: string; file: string })[],
): Promise<PackageCache> {
  const directory = await temporary();
  await mkdir(join(directory, 'packages'));
  const packages: LockedPackage[] = [];
  for (const item of items) {
    const file = 'file' in item ? item.file : await buildPackage(item, directory);
    const { digest, size } = await digestFile(file);
    const sha256 = digestHex(digest);
    const { name } = item;
    packages.push({
      name,
      version: '1.0',
      architecture: 'all',
      source: name,
      sha256,
      size,
      repository: 'os',
      path: basename(file),
    });
    await rename(file, join(directory, 'packages', `${sha256}.deb`));
  }
  packages.sort((a, b) => (a.name < b.name ? -1 : 1));
  const lock = { family: 'deb', basearch: 'x86_64', packages, repositoryTimestamp: 0 } as const;
  return { lock, context: { cacheDirectory: directory, reporter: silentReporter() } };
}

/** Installs packages as a build does. */
export async function installed({ lock, context }: PackageCache): Promise<string> {
  const root = join(await temporary(), 'root');
  await installDebs(lock, root, { documentation: true }, context);
  return root;
}

/** Installs the base as a build does, and the others with its own dpkg, one after the other: the oracle. */
export async function installedByDpkg(cache: PackageCache, order: readonly string[]): Promise<string> {
  const { lock, context } = cache;
  const base = lock.packages.filter(({ name }) => name === 'base');
  const root = await installed({ lock: { ...lock, packages: base }, context });
  const files = order.map((name) => `/tmp/packages/${lock.packages.find((item) => item.name === name)?.sha256}.deb`);
  const binds = [{ from: join(context.cacheDirectory, 'packages'), to: '/tmp/packages' }];
  for (const file of files) await inTarget(root, ['dpkg', '--install', file], binds);
  return root;
}

/** Runs a program of a target in it. */
export async function inTarget(root: string, command: readonly string[], binds: readonly Bind[] = []): Promise<string> {
  const { exitCode, stdout, stderr } = await tryRunInSandbox({ root, binds }, command);
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: exit status ${exitCode}\n${stderr}`);
  return stdout;
}

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-target-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
