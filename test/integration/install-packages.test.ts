import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lockfile } from '../../src/contract/lockfile.ts';
import { tryRunInSandbox } from '../../src/exec/sandbox.ts';
import { hostArchitecture } from '../../src/lib/architecture.ts';
import { makePrivateDirectory } from '../../src/lib/directories.ts';
import type { BackendContext, PackageRequest } from '../../src/packages/backend.ts';
import { debBackend } from '../../src/packages/deb.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { treeDigest } from '../helpers/tree-digest.ts';
import { buildPackage } from '../packages/deb/local-repository.ts';
import { testWork } from './fixture.ts';

/** Real packages, few: the essential ones, one with a file capability, one that makes a user, one with host keys. */
const packages = ['iputils-arping', 'openssh-server', 'systemd'];

describe('installing real packages', () => {
  let directory: string;
  let request: PackageRequest;
  let lock: Lockfile;
  let context: BackendContext;
  let held: AsyncDisposable;

  beforeAll(async () => {
    await makePrivateDirectory(testWork);
    directory = await mkdtemp(join(testWork, 'install-'));
    context = { cacheDirectory: join(testWork, 'main/cache'), reporter: silentReporter() };
    request = {
      basearch: hostArchitecture().name,
      packages,
      exclude: [],
      recommends: false,
      repositories: [
        { name: 'debian', path: join(import.meta.dirname, '../../examples/debian-coreos/debian.sources') },
      ],
      variables: {},
      pins: {},
      overrides: [],
    };
    lock = await debBackend.resolve(request, context);
    held = await debBackend.download(request, lock, context);
  });
  afterAll(async () => {
    await held[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function install(name: string): Promise<string> {
    const root = join(directory, name);
    await debBackend.install(request, lock, root, { documentation: false }, context);
    await debBackend.finalize(root);
    return root;
  }
  async function inside(root: string, command: readonly string[]): Promise<string> {
    const result = await tryRunInSandbox({ root }, command);
    expect(result).toMatchObject({ exitCode: 0 });
    return result.stdout;
  }

  test('gives a working system, the same one each time, with what the lock says', async () => {
    const root = await install('first');
    const listed = await inside(root, [
      'dpkg-query',
      '--show',
      '--showformat=${db:Status-Abbrev}|${Package}|${Version}\\n',
    ]);
    expect(listed.trim().split('\n').sort()).toEqual(
      lock.packages.map(({ name, version }) => `ii |${name}|${version}`).sort(),
    );
    expect(await inside(root, ['dpkg', '--audit'])).toBe('');
    const inventory = await debBackend.inventory(root);
    expect(inventory.map(({ name, version, source }) => [name, version, source])).toEqual(
      lock.packages.map(({ name, version, source }) => [name, version, source]),
    );
    expect(inventory.every(({ changed }) => changed > 1_000_000_000)).toBe(true);
    expect(inventory.find(({ name }) => name === 'iputils-arping')?.paths).toContain('/usr/bin/arping');
    expect(await readFile(join(root, 'etc/passwd'), 'utf8')).toMatch(/^sshd:/m);
    for (const path of ['etc/ssh/ssh_host_rsa_key', 'etc/machine-id', 'usr/sbin/policy-rc.d', 'usr/share/man/man8']) {
      await expect(readFile(join(root, path))).rejects.toThrow('ENOENT');
    }
    const second = await install('second');
    expect(await treeDigest(second)).toBe(await treeDigest(root));
  });

  test('says which package cannot be installed, and what its script wrote', async () => {
    const script = '#!/bin/sh\necho nothing works here >&2\nexit 1\n';
    const file = await buildPackage({ name: 'broken', scripts: { postinst: script } }, directory);
    const broken = { ...request, packages: [...packages, 'broken'], overrides: [file] };
    const brokenLock = await debBackend.resolve(broken, context);
    await using _held = await debBackend.download(broken, brokenLock, context);
    await expect(
      debBackend.install(broken, brokenLock, join(directory, 'broken'), { documentation: false }, context),
    ).rejects.toMatchObject({
      code: 'PACKAGE_INSTALL_FAILED',
      message: expect.stringMatching(/could not install broken:[\s\S]*nothing works here/),
    });
  });
});
