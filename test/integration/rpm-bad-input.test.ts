import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signRpm } from '../../scripts/rpm-building.ts';
import type { RunResult } from '../../src/exec/run.ts';
import { exists } from '../../src/lib/if-exists.ts';
import { type GpgKeyring, gpgKeyring } from '../helpers/gpg-keyring.ts';
import { buildRpm } from '../helpers/rpm-packages.ts';
import { type RpmRepository, serveRpmRepository } from '../helpers/rpm-repository.ts';
import { cosa, cosaOk } from './fixture.ts';

// What is wrong with packages and repositories, through the whole program: exit status, words, and what is left.

let scratch: string;
let repository: RpmRepository;
let stranger: GpgKeyring;

/** The tests' packages have no shell. */
const lua = (text: string) => ({ interpreter: '<lua>', text });

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-rpm-bad-'));
  stranger = await gpgKeyring();
  repository = await serveRpmRepository([
    { name: 'fine' },
    { name: 'library' },
    { name: 'editor', requires: ['library'] },
    { name: 'broken', scripts: { post: lua('error("the disk is full")') } },
    { name: 'refusing', scripts: { pre: lua('error("not on this machine")') } },
    { name: 'one', files: { '/usr/share/same': 'one' } },
    { name: 'two', files: { '/usr/share/same': 'two' } },
    { name: 'needy', requires: ['nowhere >= 3'] },
  ]);
  const [foreign = ''] = await repository.add([{ name: 'foreign' }, { name: 'unsigned' }], { sign: false });
  await signRpm(foreign, stranger);
  await repository.index();
});
afterAll(async () => {
  await repository[Symbol.asyncDispose]();
  await stranger[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

interface Scene {
  packages: readonly string[];
  /** Keys of the repository's section that differ. */
  keys?: Readonly<Record<string, string | undefined>>;
}

let count = 0;

async function workDirectory({ packages, keys = {} }: Scene): Promise<string> {
  const work = join(scratch, String(count++));
  const config = join(work, 'config');
  await mkdir(config, { recursive: true });
  const { path } = await repository.repositoryFile('local', keys);
  await cp(path, join(config, 'local.repo'));
  const lines = ['metadata:', '  name: bad', '  summary: Bad', 'automatic-version-prefix: "1"', 'repos: [local]'];
  await writeFile(join(config, 'manifest.yaml'), [...lines, `packages: [${packages.join(', ')}]`, ''].join('\n'));
  await cosaOk(work, ['init', config]);
  return work;
}

/** Nothing that was begun is left: no container, no root, no package that is not whole. */
async function expectNothingLeft(work: string): Promise<void> {
  const tags = JSON.parse(await cosaOk(work, ['list', '--json'])) as unknown[];
  expect(tags).toEqual([]);
  const names = ['roots', 'scratch'].map((name) => join(work, 'cache', name));
  for (const name of names) {
    const left = (await exists(name)) ? (await readdir(name)).filter((entry) => !entry.startsWith('.')) : [];
    expect(left).toEqual([]);
  }
}

/** The words of the error, without the log. */
function errorOf({ stderr }: RunResult): string {
  return stderr.slice(stderr.indexOf('error: '));
}

const scenes: [what: string, scene: Scene, exitCode: number, words: RegExp][] = [
  [
    'a package without a signature',
    { packages: ['unsigned'] },
    4,
    /the package unsigned 1\.0-1 \(repository "local"\) is not signed/,
  ],
  [
    "a package with a stranger's",
    { packages: ['foreign'] },
    4,
    /foreign 1\.0-1 .* is signed by the key [0-9a-f]{8,}, which no section names/,
  ],
  [
    'an unknown package',
    { packages: ['fein'] },
    2,
    /manifest\.yaml:6:12: there is no package "fein".*\nhint: did you mean fine\?/,
  ],
  [
    'a dependency that nothing provides',
    { packages: ['needy'] },
    2,
    /needy 1\.0-1\.noarch needs nowhere >= 3, which nothing provides/,
  ],
  [
    'a mirror that is dead',
    { packages: ['fine'], keys: { baseurl: 'http://127.0.0.1:9/x' } },
    1,
    /"local" cannot be reached:\n.*the connection is refused/,
  ],
  [
    'a key that is not there',
    { packages: ['fine'], keys: { gpgkey: 'file:///nowhere/key' } },
    2,
    /local\.repo:5: the repository's key \/nowhere\/key cannot be read/,
  ],
  [
    'an index that must be signed and is not',
    { packages: ['fine'], keys: { repo_gpgcheck: '1' } },
    4,
    /the signature of the repository "local" is not good: http:.*repomd\.xml\.asc: it is not there/,
  ],
  ['no key at all', { packages: ['fine'], keys: { gpgkey: undefined } }, 2, /no section names a key/],
  [
    'a script that fails',
    { packages: ['broken'] },
    1,
    /^error: the script %post of broken-1\.0-1\.noarch failed: .*the disk is full$/m,
  ],
  [
    'a script that refuses',
    { packages: ['refusing'] },
    1,
    /^error: the script %pre of refusing-1\.0-1\.noarch failed: .*not on this machine$/m,
  ],
  [
    'two packages with one file',
    { packages: ['one', 'two'] },
    1,
    /one-1\.0-1\.noarch and two-1\.0-1\.noarch both bring \/usr\/share\/same/,
  ],
];

test.each(scenes)('%s', async (_what, scene, exitCode, words) => {
  const work = await workDirectory(scene);
  const result = await cosa(work, ['ostree', 'build']);
  expect(errorOf(result)).toMatch(words);
  expect(result.exitCode).toBe(exitCode);
  await expectNothingLeft(work);
});

test('a dead mirror is passed over, where there is another', async () => {
  const work = await workDirectory({
    packages: ['editor'],
    keys: { baseurl: `http://127.0.0.1:9/x ${repository.url}` },
  });
  await cosaOk(work, ['fetch', '--update-lockfile']);
});

test('a byte of an index that has changed', async () => {
  const directory = join(repository.packages, 'repodata');
  const primary = (await readdir(directory)).find((name) => name.includes('primary')) ?? '';
  await using _changed = await changedFile(join(directory, primary));
  const work = await workDirectory({ packages: ['fine'] });
  const result = await cosa(work, ['ostree', 'build']);
  expect(errorOf(result)).toMatch(
    /the index of the repository "local" cannot be used:\n.*primary.* is not the file that the index names/,
  );
  expect(result.exitCode).toBe(4);
  await expectNothingLeft(work);
});

test('a byte of a package that has changed where it is served', async () => {
  await using _changed = await changedFile(await rpmFile(repository.packages, 'fine'));
  const work = await workDirectory({ packages: ['fine'] });
  const result = await cosa(work, ['ostree', 'build']);
  expect(errorOf(result)).toMatch(/the package fine 1\.0-1 is not the one that was locked/);
  expect(result.exitCode).toBe(4);
  await expectNothingLeft(work);
});

test('a byte of a package that has changed in the cache: it is fetched again', async () => {
  const work = await workDirectory({ packages: ['fine'] });
  await cosaOk(work, ['fetch', '--update-lockfile']);
  const file = await rpmFile(join(work, 'cache/packages'), '');
  const before = await readFile(file);
  await using _changed = await changedFile(file);
  await cosaOk(work, ['fetch']);
  expect((await readFile(file)).equals(before)).toBe(true);
});

test('a locked package that is gone is named', async () => {
  const work = await workDirectory({ packages: ['editor'] });
  await cosaOk(work, ['fetch', '--update-lockfile']);
  await rm(join(work, 'cache'), { recursive: true });
  const file = await rpmFile(repository.packages, 'library');
  const content = await readFile(file);
  await rm(file);
  const result = await cosa(work, ['ostree', 'build']);
  await writeFile(file, content);
  expect(errorOf(result)).toMatch(
    /the package library 1\.0-1 is not to be had: .* 404\nhint: .*cosa fetch --update-lockfile/,
  );
  expect(result.exitCode).toBe(1);
  await expectNothingLeft(work);
});

test('a local package of another architecture', async () => {
  const work = await workDirectory({ packages: ['fine'] });
  const overrides = join(work, 'overrides/rpm');
  await mkdir(overrides, { recursive: true });
  await buildRpm({ name: 'fine', version: '2.0', architecture: 'aarch64' }, overrides);
  const result = await cosa(work, ['ostree', 'build']);
  expect(errorOf(result)).toMatch(/fine-2\.0-1\.aarch64\.rpm is for aarch64, and x86_64 is being built/);
  expect(result.exitCode).not.toBe(0);
  await expectNothingLeft(work);
});

async function rpmFile(directory: string, begin: string): Promise<string> {
  const name = (await readdir(directory)).find((entry) => entry.startsWith(begin) && entry.endsWith('.rpm'));
  if (name === undefined) throw new Error(`${directory} has no ${begin}*.rpm`);
  return join(directory, name);
}

/** Changes the last byte of a file until it is disposed of. */
async function changedFile(file: string): Promise<AsyncDisposable> {
  const content = await readFile(file);
  const changed = Buffer.from(content);
  changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
  await writeFile(file, changed);
  return { [Symbol.asyncDispose]: () => writeFile(file, content) };
}
