import { createReadStream } from 'node:fs';
import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openSigningKey } from '../../scripts/rpms-from-debs/signing-key.ts';
import { type Change, rpmsFromDebs } from '../../scripts/rpms-from-debs.ts';
import { parseLockfile } from '../../src/contract/lockfile.ts';
import { withLock } from '../../src/exec/lock.ts';
import { run } from '../../src/exec/run.ts';
import type { ArchitectureName } from '../../src/lib/architecture.ts';
import { makePrivateDirectory } from '../../src/lib/directories.ts';
import { exists } from '../../src/lib/if-exists.ts';
import { type HttpServer, startHttpServer } from '../helpers/http-server.ts';
import { builtWorkDirectory, checkout, cosaOk, program, stream, testWork } from './fixture.ts';

/** Where the rpms, their key and what they are made of are kept. */
const rpmWork = resolve(testWork, 'rpm');

/** Packages that the second repository has in a later version: a program, data, and one with a script. */
export const changes: Readonly<Record<string, Change>> = {
  less: { revision: '2', files: { '/usr/share/less-news': 'What is new in less.\n' } },
  'media-types': { revision: '2' },
  tzdata: { revision: '2' },
};

export interface RpmRepositories {
  /** Directories with `repodata/`. */
  first: string;
  next: string;
  /** The armoured public key that signed all packages. */
  keyFile: string;
}

/**
 * Signed rpms of the example's Debian packages, and a second repository where {@link changes} are in. Made by whoever
 * needs them first, which takes some minutes, and then kept.
 */
export async function rpmRepositories(basearch: ArchitectureName = 'x86_64'): Promise<RpmRepositories> {
  await makePrivateDirectory(testWork);
  const work = basearch === 'x86_64' ? rpmWork : resolve(rpmWork, basearch);
  return withLock(`${rpmWork}.lock`, async () => {
    const directory = resolve(work, 'debs');
    await mkdir(directory, { recursive: true });
    await copyExamples(resolve(rpmWork, 'examples'));
    const config = resolve(rpmWork, 'examples/rpm-coreos/debs');
    await cosaOk(directory, ['init', '--force', config]);
    const lockFile = resolve(directory, 'manifest-lock.json');
    const locks = resolve(config, `manifest-lock.${basearch}.json`);
    if (await exists(lockFile)) await copyFile(lockFile, locks);
    else {
      // What the other example has downloaded is not downloaded again.
      const packages = resolve(await builtWorkDirectory(), 'cache/packages');
      await mkdir(resolve(directory, 'cache'), { recursive: true });
      await run(program('cp', 'coreutils'), ['--archive', '--link', packages, resolve(directory, 'cache')]);
    }
    const update = (await exists(lockFile)) ? [] : ['--update-lockfile'];
    await cosaOk(directory, ['fetch', '--arch', basearch, ...update]);
    await copyFile(locks, lockFile);
    const lock = parseLockfile(await readFile(lockFile, 'utf8'), lockFile);
    await using key = await openSigningKey(rpmWork);
    const debs = lock.packages.map((locked) => ({
      locked,
      file: resolve(directory, 'cache/packages', `${locked.sha256}.deb`),
    }));
    const [first, next] = [resolve(work, 'first'), resolve(work, 'next')];
    const cache = resolve(rpmWork, 'made');
    await rpmsFromDebs({ debs, output: first, cache, key });
    await rpmsFromDebs({ debs, output: next, cache, key, changes });
    return { first, next, keyFile: resolve(rpmWork, 'key.asc') };
  });
}

/** A work directory for the example of rpms, with its own copy of the config, and the server that it gets packages from. */
export interface RpmScene extends AsyncDisposable {
  directory: string;
  /** The config directory, whose files a test may change. */
  config: string;
  requests: HttpServer['requests'];
  /** From now on the server has the packages of another directory. */
  serve(repository: string): void;
}

/**
 * Makes the work directory anew; what it has in its cache is kept from one run to the next.
 * @param keyFile beside the config's `.repo` file
 */
export async function rpmScene(name: string, { first, keyFile }: RpmRepositories): Promise<RpmScene> {
  const directory = resolve(testWork, name);
  for (const part of ['config', 'oci', 'images', 'src', 'cosa.json']) {
    await rm(resolve(directory, part), { recursive: true, force: true });
  }
  await mkdir(directory, { recursive: true });
  await copyExamples(resolve(directory, 'config'));
  const config = resolve(directory, 'config/rpm-coreos');
  await copyFile(keyFile, join(config, 'RPM-GPG-KEY-rpm-coreos'));
  let served = first;
  const server = await startHttpServer(({ url = '' }, response) => {
    createReadStream(join(served, decodeURIComponent(url)))
      .on('error', () => response.writeHead(404).end())
      .pipe(response);
  });
  const manifest = join(config, 'manifest.yaml');
  const text = await readFile(manifest, 'utf8');
  await writeFile(manifest, text.replace('127.0.0.1:8080', server.host));
  await cosaOk(directory, ['init', '--force', '--stream', stream, config]);
  return {
    directory,
    config,
    requests: server.requests,
    serve: (repository) => {
      served = repository;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The examples lie beside each other: one has links to the other's files. */
async function copyExamples(to: string): Promise<void> {
  for (const name of ['debian-coreos', 'rpm-coreos']) {
    await rm(resolve(to, name), { recursive: true, force: true });
    await cp(resolve(checkout, 'examples', name), resolve(to, name), { recursive: true, verbatimSymlinks: true });
  }
}
