import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseLockfile } from '../../src/contract/lockfile.ts';
import { fetchPackages } from '../../src/flows/packages/fetch.ts';
import { hostArchitecture } from '../../src/lib/architecture.ts';
import { workDirectoryAt, writeSettings } from '../../src/workspace/work-directory.ts';
import { silentSession } from '../helpers/session.ts';
import { buildPackage, type LocalRepository, serveRepository } from '../packages/deb/local-repository.ts';

const session = silentSession();

describe('cosa fetch', () => {
  let directory: string;
  let config: string;
  let lockfile: string;
  let repository: LocalRepository;

  beforeEach(async () => {
    repository = await serveRepository([{ name: 'base', fields: { Essential: 'yes' } }, { name: 'tool' }]);
    directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
    const work = workDirectoryAt(directory, { config: { source: '/config' } });
    await writeSettings(directory, work.settings);
    config = work.config;
    lockfile = join(config, `manifest-lock.${hostArchitecture().name}.json`);
    await mkdir(config, { recursive: true });
    await writeFile(
      join(config, 'manifest.yaml'),
      `metadata: {name: test-os}\nvariables: {mirror: "${repository.url}"}\nrepos: [os]\npackages: [tool]\n`,
    );
    await writeFile(
      join(config, 'os.sources'),
      `Types: deb\nURIs: \${mirror}\nSuites: test\nComponents: main\nSigned-By: ${repository.key}\n`,
    );
  });
  afterEach(async () => {
    await repository[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  async function fetchNames(updateLockfile = false, strict = false): Promise<string[]> {
    const architecture = hostArchitecture().name;
    const { lock, origin } = await fetchPackages(session, { directory, architecture, updateLockfile, strict });
    return [origin, ...lock.packages.map(({ name, version }) => `${name} ${version}`)];
  }
  async function release(name: string, version: string): Promise<void> {
    await buildPackage({ name, version }, join(repository.directory, 'repo/pool'));
    await repository.sign();
  }

  test('takes what the repositories have, essential packages included, and what is new the next time', async () => {
    expect(await fetchNames()).toEqual(['resolved', 'base 1.0', 'tool 1.0']);
    await release('tool', '1.1');
    expect(await fetchNames()).toEqual(['resolved', 'base 1.0', 'tool 1.1']);
    expect((await readdir(join(directory, 'cache/packages'))).filter((name) => name.endsWith('.deb'))).toHaveLength(3);
  });

  test('with a lockfile takes exactly its packages, without asking for an index', async () => {
    expect(await fetchNames(true)).toEqual(['resolved', 'base 1.0', 'tool 1.0']);
    const text = await readFile(lockfile, 'utf8');
    expect(parseLockfile(text, lockfile).packages.map(({ name }) => name)).toEqual(['base', 'tool']);
    await release('tool', '1.1');
    await rm(join(directory, 'cache'), { recursive: true });
    repository.requests.length = 0;
    expect(await fetchNames()).toEqual(['lockfile', 'base 1.0', 'tool 1.0']);
    expect(repository.requests.sort()).toEqual(['/pool/base_1.0_all.deb', '/pool/tool_1.0_all.deb']);
    expect(await fetchNames(true)).toEqual(['resolved', 'base 1.0', 'tool 1.1']);
  });

  test("with rpm-ostree's form of a lockfile takes its versions, and others where it does not say", async () => {
    await release('tool', '1.1');
    const write = (packages: object) => writeFile(lockfile, JSON.stringify({ packages }));
    await write({ tool: { evra: '1.0.all' } });
    expect(await fetchNames()).toEqual(['lockfile', 'base 1.0', 'tool 1.0']);
    await expect(fetchNames(false, true)).rejects.toMatchObject({
      code: 'LOCKFILE_STALE',
      message: expect.stringMatching(/ does not have base$/) as unknown,
    });
    await write({ tool: { evr: '1.1' }, base: { evra: '1.0.all' } });
    expect(await fetchNames(false, true)).toEqual(['lockfile', 'base 1.0', 'tool 1.1']);
    await write({ tool: { evra: '1.0.all', digest: `sha256:${'0'.repeat(64)}` } });
    await expect(fetchNames()).rejects.toMatchObject({ code: 'LOCKFILE_DIGEST', exitStatus: 4 });
  });

  test('takes from repositories of locked packages only what is locked', async () => {
    await using pool = await serveRepository([
      { name: 'tool', version: '2.0' },
      { name: 'base', version: '2.0', fields: { Essential: 'yes' } },
    ]);
    await writeFile(
      join(config, 'pool.sources'),
      `Types: deb\nURIs: ${pool.url}\nSuites: test\nComponents: main\nSigned-By: ${pool.key}\n`,
    );
    await writeFile(
      join(config, 'manifest.yaml'),
      `${await readFile(join(config, 'manifest.yaml'), 'utf8')}lockfile-repos: [pool]\n`,
    );
    expect(await fetchNames()).toEqual(['resolved', 'base 1.0', 'tool 1.0']);
    await writeFile(lockfile, JSON.stringify({ packages: { tool: { evra: '2.0.all' } } }));
    expect(await fetchNames()).toEqual(['lockfile', 'base 1.0', 'tool 2.0']);
  });

  test('writes no lockfile that names a package which is not to be had', async () => {
    await rm(join(repository.directory, 'repo/pool/tool_1.0_all.deb'));
    await expect(fetchNames(true)).rejects.toMatchObject({ code: 'PACKAGE_UNAVAILABLE' });
    expect(await readdir(config)).not.toContain(lockfile);
  });

  test('takes pinned versions and local packages first', async () => {
    await release('tool', '1.1');
    await writeFile(join(config, 'manifest-lock.overrides.yaml'), 'packages: {tool: {evra: 1.0.all}}\n');
    expect(await fetchNames()).toEqual(['resolved', 'base 1.0', 'tool 1.0']);
    await writeFile(join(config, 'manifest-lock.overrides.yaml'), 'packages: {tool: {evr: "7"}}\n');
    await expect(fetchNames()).rejects.toMatchObject({
      code: 'PACKAGE_UNAVAILABLE',
      message: 'tool is pinned to 7, and the repositories have 1.1',
    });
    const overrides = join(directory, 'overrides/deb');
    await mkdir(overrides, { recursive: true });
    await buildPackage({ name: 'tool', version: '0.1~local' }, overrides);
    expect(await fetchNames()).toEqual(['resolved', 'base 1.0', 'tool 0.1~local']);
  });
});
