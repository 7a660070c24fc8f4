import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { comparePackages, type LockedPackage, type Lockfile } from '../../../src/contract/lockfile.ts';
import { digestFile, digestHex } from '../../../src/lib/digest.ts';
import type { BackendContext } from '../../../src/packages/backend.ts';
import { fullVersion, readRpmHeader, sourceName } from '../../../src/packages/rpm/header.ts';
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

let builtDirectory: Promise<string> | undefined;
const builtFiles = new Map<string, Promise<string>>();
afterAll(async () => {
  if (builtDirectory !== undefined) await rm(await builtDirectory, { recursive: true });
});

/** Each package is built once for all tests of a file. */
function built(item: TestRpm): Promise<string> {
  builtDirectory ??= mkdtemp(join(tmpdir(), 'cosa-built-'));
  const key = JSON.stringify(item);
  const file = builtFiles.get(key) ?? buildBeside(item, builtDirectory);
  builtFiles.set(key, file);
  return file;
}

async function buildBeside(item: TestRpm, parent: Promise<string>): Promise<string> {
  // Several may have one name.
  return buildRpm(item, await mkdtemp(join(await parent, 'rpm-')));
}

/** Builds packages and puts them where a build would download them to. */
export async function targetOf(packages: readonly TestRpm[], log: string[] = []): Promise<TestTarget> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-target-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const cacheDirectory = join(directory, 'cache');
  await mkdir(join(cacheDirectory, 'packages'), { recursive: true });
  const locked: LockedPackage[] = [];
  for (const item of packages) {
    locked.push(await cached(await built(item), cacheDirectory));
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
