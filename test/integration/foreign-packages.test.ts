import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tryRunInSandbox } from '../../src/exec/sandbox.ts';
import { architectures, hostArchitecture } from '../../src/lib/architecture.ts';
import { makePrivateDirectory } from '../../src/lib/directories.ts';
import type { BackendContext, PackageRequest } from '../../src/packages/backend.ts';
import { debBackend } from '../../src/packages/deb.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { testWork } from './fixture.ts';

/** One with disks that this machine is not. */
const foreign = architectures.find(({ name, hasDisks }) => hasDisks && name !== hostArchitecture().name);
if (foreign === undefined) throw new Error('there is but one architecture');

const request: PackageRequest = {
  basearch: foreign.name,
  packages: ['iputils-arping'],
  exclude: [],
  recommends: false,
  repositories: [{ name: 'debian', path: join(import.meta.dirname, '../../examples/debian-coreos/debian.sources') }],
  variables: {},
  pins: {},
  overrides: [],
};

// The essential packages and one with a file capability: their scripts take a minute or two where they are emulated.
describe("packages for another architecture than this machine's", () => {
  let directory: string;
  let context: BackendContext;
  beforeAll(async () => {
    await makePrivateDirectory(testWork);
    directory = await mkdtemp(join(testWork, 'foreign-'));
    context = { cacheDirectory: join(testWork, 'main/cache'), reporter: silentReporter() };
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('are chosen from its index, and installed by its own dpkg', async () => {
    const lock = await debBackend.resolve(request, context);
    const { debian, name: basearch } = foreign;
    expect(new Set(lock.packages.map(({ architecture }) => architecture))).toEqual(new Set(['all', debian]));
    await using _held = await debBackend.download(request, lock, context);
    const root = join(directory, 'root');
    await debBackend.install(request, lock, root, { documentation: false }, context);
    const inside = (command: readonly string[]) => tryRunInSandbox({ root, architecture: basearch }, command);
    expect(await inside(['uname', '--machine'])).toMatchObject({ stdout: `${basearch}\n`, exitCode: 0 });
    expect(await inside(['dpkg', '--print-architecture'])).toMatchObject({ stdout: `${debian}\n`, exitCode: 0 });
    expect(await inside(['dpkg', '--audit'])).toMatchObject({ stdout: '', exitCode: 0 });
    const listed = await inside(['dpkg-query', '--show', '--showformat=${db:Status-Abbrev}|${Package}\\n']);
    expect(listed.stdout.trim().split('\n').sort()).toEqual(lock.packages.map(({ name }) => `ii |${name}`).sort());
    // A script has run that a group was to be made by.
    expect(await readFile(join(root, 'etc/group'), 'utf8')).toMatch(/^shadow:/m);
    expect(await inside(['ldconfig', '--print-cache'])).toMatchObject({ exitCode: 0 });
  });
});
