import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { comparePackages, type LockedPackage, type Lockfile } from '../../../src/contract/lockfile.ts';
import { digestFile, digestHex } from '../../../src/lib/digest.ts';
import type { BackendContext } from '../../../src/packages/backend.ts';
import { fullVersion, readRpmHeader, sourceName } from '../../../src/packages/rpm/header.ts';
import { installRpms } from '../../../src/packages/rpm/install.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { buildRpm, type TestRpm } from '../../helpers/rpm-packages.ts';

/** The smallest system: a shell with everything built in, links of a merged /usr, and files of accounts. */
export const baseSystem: TestRpm = {
  name: 'base',
  architecture: 'x86_64',
  provides: ['/bin/sh'],
  files: {
    '/bin': { linkTo: 'usr/bin' },
    '/sbin': { linkTo: 'usr/sbin' },
    '/lib64': { linkTo: 'usr/lib64' },
    '/usr/bin': { directory: true },
    '/usr/sbin': { directory: true },
    '/usr/lib64': { directory: true },
    '/usr/bin/busybox': { copyOf: '/bin/busybox', mode: 0o755 },
    '/usr/bin/sh': { linkTo: 'busybox' },
    '/etc/passwd': { text: 'root:x:0:0:root:/root:/bin/sh\nmail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n' },
    '/etc/group': { text: 'root:x:0:\nmail:x:8:\n' },
  },
};

/** A cache with packages, and the lock that names them. */
export interface TestTarget {
  lock: Lockfile;
  context: BackendContext;
  /** Where a root may be made. */
  directory: string;
}

/** Builds packages and puts them where a build would download them to. */
export async function targetOf(packages: readonly TestRpm[], log: string[] = []): Promise<TestTarget> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-target-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const cacheDirectory = join(directory, 'cache');
  await mkdir(join(cacheDirectory, 'packages'), { recursive: true });
  const locked: LockedPackage[] = [];
  for (const item of packages) {
    const file = await buildRpm(item, directory);
    locked.push(await cached(file, cacheDirectory));
  }
  const lock: Lockfile = {
    family: 'rpm',
    basearch: 'x86_64',
    packages: locked.sort(comparePackages),
    repositoryTimestamp: 1_760_000_000,
  };
  const reporter = { ...silentReporter(), log: (line: string) => void log.push(line) };
  return { lock, context: { cacheDirectory, reporter }, directory };
}

async function cached(file: string, cacheDirectory: string): Promise<LockedPackage> {
  const header = await readRpmHeader(file);
  const { digest, size } = await digestFile(file);
  const sha256 = digestHex(digest);
  await copyFile(file, join(cacheDirectory, 'packages', `.${sha256}`));
  await rename(join(cacheDirectory, 'packages', `.${sha256}`), join(cacheDirectory, 'packages', `${sha256}.rpm`));
  const { name, architecture } = header;
  const version = fullVersion(header);
  return {
    name,
    version,
    architecture,
    source: sourceName(header),
    sha256,
    size,
    repository: 'test',
    path: 'test.rpm',
  };
}

/** Installs packages on the {@link baseSystem}. @returns the root */
export async function installed(
  packages: readonly TestRpm[],
  options: { documentation?: boolean } = {},
): Promise<string> {
  const target = await targetOf([baseSystem, ...packages]);
  const root = join(target.directory, 'root');
  await installRpms({}, target.lock, root, { documentation: options.documentation ?? true }, target.context);
  return root;
}
