import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lockfile, parseLockfile } from '../../src/contract/lockfile.ts';
import { type RpmRepository, serveRpmRepository } from '../helpers/rpm-repository.ts';
import { fedoraPackages } from './fedora-packages.ts';
import { checkout, cosa, cosaOk, testWork } from './fixture.ts';

// The example for Fedora's mirrors, with a small repository of packages that have Fedora's names in their place.

const work = resolve(testWork, 'fedora-names');
const config = join(work, 'examples/fedora-coreos');

let repository: RpmRepository;

beforeAll(async () => {
  await rm(work, { recursive: true, force: true });
  // Some of the example's files are links to its neighbour's.
  for (const name of ['debian-coreos', 'fedora-coreos']) {
    await cp(resolve(checkout, 'examples', name), join(work, 'examples', name), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  repository = await serveRpmRepository(fedoraPackages);
  await writeFile(join(config, 'RPM-GPG-KEY-fedora-43-primary'), await readFile(repository.keyFile));
  const repo = join(config, 'fedora.repo');
  const text = await readFile(repo, 'utf8');
  await writeFile(repo, text.replaceAll(/^metalink=.*/gm, `baseurl=${repository.url}`));
  await cosaOk(work, ['init', '--stream', 'stable', config]);
});
afterAll(async () => {
  await repository[Symbol.asyncDispose]();
  await rm(work, { recursive: true, force: true });
});

test('the example as it is has no mistake, and no key without effect', async () => {
  const checked = await cosa(checkout, ['config', 'check', '--json', 'examples/fedora-coreos']);
  expect(checked).toMatchObject({ exitCode: 0 });
  const { notes } = JSON.parse(checked.stdout) as { notes: unknown[] };
  expect(notes).toEqual([]);
});

async function fetched(): Promise<Lockfile> {
  await cosaOk(work, ['fetch', '--update-lockfile']);
  const file = join(config, 'manifest-lock.x86_64.json');
  return parseLockfile(await readFile(file, 'utf8'), file);
}

test('its packages are chosen as dnf chooses them', async () => {
  const lock = await fetched();
  expect(lock).toMatchObject({ family: 'rpm' });
  const names = new Set(lock.packages.map(({ name }) => name));
  // What is named alone, and what that needs by files, capabilities, and conditions.
  for (const name of ['kernel-modules-core', 'setup', 'libcurl', 'selinux-policy', 'container-selinux', 'coreutils']) {
    expect(names).toContain(name);
  }
  // What is recommended, excluded, or the lesser of two that would do.
  for (const name of ['glibc-all-langpacks', 'diffutils', 'kernel-debug-core', 'libcurl-minimal', 'coreutils-single']) {
    expect(names).not.toContain(name);
  }
  expect(lock.packages.find(({ name }) => name === 'podman')?.version).toBe('5:1.0-1.fc43');
});
