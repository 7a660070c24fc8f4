import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyContainers } from '../../../src/flows/container/copy.ts';
import { fetchBuild } from '../../../src/flows/publish/buildfetch.ts';
import { exportLegacy } from '../../../src/flows/publish/export-legacy.ts';
import { openLayout } from '../../../src/oci/layout.ts';
import { startHttpServer } from '../../helpers/http-server.ts';
import { silentSession } from '../../helpers/session.ts';
import { startTestingRegistry } from '../../helpers/testing-registry.ts';
import { openWorkScene, storeSystem, type WorkScene } from './support.ts';

const session = silentSession();
let there: WorkScene;
let here: WorkScene;
beforeEach(async () => {
  there = await openWorkScene();
  here = await openWorkScene();
});
afterEach(async () => {
  await there[Symbol.asyncDispose]();
  await here[Symbol.asyncDispose]();
});

const write = (from: string, repository?: string) =>
  exportLegacy(session, {
    directory: there.work.root,
    destination: there.outside,
    store: {},
    from,
    ...(repository === undefined ? {} : { repository }),
    dryRun: false,
  });

const fetch = (url: string, options: { build?: string; architecture?: 'aarch64' } = {}) =>
  fetchBuild(session, here.work, { directory: here.work.root, url, store: {}, force: false, ...options });

const buildFile = (...path: string[]) => join(there.outside, 'builds', ...path);
const archive = (version: string) => buildFile(version, 'x86_64', `debian-coreos-${version}-ostree.x86_64.ociarchive`);

async function changeMeta(version: string, change: (meta: Record<string, unknown>) => void): Promise<void> {
  const path = buildFile(version, 'x86_64/meta.json');
  const meta = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  change(meta);
  await writeFile(path, JSON.stringify(meta));
}

describe('fetchBuild', () => {
  it('brings the newest build, or the one that is named, from builds/ or what it lies in', async () => {
    const one = await storeSystem(there.work.oci, '13.1');
    const two = await storeSystem(there.work.oci, '13.2');
    await write('13.1');
    await write('13.2');
    expect(await fetch(there.outside)).toMatchObject({
      build: '13.2',
      architecture: 'x86_64',
      version: '13.2',
      digest: two.digest,
      source: pathToFileURL(archive('13.2')).href,
    });
    const url = `${pathToFileURL(there.outside).href}/builds/`;
    expect(await fetch(url, { build: '13.1' })).toMatchObject({
      digest: one.digest,
      moved: ['13.1', 'stable-candidate'],
    });
    expect(await (await openLayout(here.work.oci)).tagNames()).toEqual(['13.1', '13.2', 'stable-candidate']);
    expect(await readdir(join(here.work.cache, 'scratch'))).toEqual([]);
  });

  it('asks a web server, and lets it lead nowhere', async () => {
    const { digest } = await storeSystem(there.work.oci, '13.1');
    await write('13.1');
    await using server = await startHttpServer((request, response) => {
      readFile(join(there.outside, request.url ?? '')).then(
        (content) => response.end(content),
        () => response.writeHead(404).end(),
      );
    });
    expect(await fetch(`http://${server.host}/`)).toMatchObject({
      digest,
      source: `http://${server.host}/builds/13.1/x86_64/debian-coreos-13.1-ostree.x86_64.ociarchive`,
    });
    expect(server.requests.map(({ url }) => url).slice(0, 3)).toEqual([
      '/builds.json',
      '/builds/builds.json',
      '/builds/13.1/x86_64/meta.json',
    ]);
  });

  it('takes the container of the registry that the record names, where there is no archive', async () => {
    await using registry = await startTestingRegistry();
    const { digest } = await storeSystem(there.work.oci, '13.1');
    const repository = `docker://${registry.host}/os/example`;
    const copy = { source: '13.1', destination: repository, all: true, platform: undefined, dryRun: false };
    await copyContainers(session, there.work.root, copy);
    await write('13.1', repository);
    await rm(archive('13.1'));
    expect(await fetch(there.outside)).toMatchObject({ digest, source: `${repository}@${digest}` });
    await changeMeta('13.1', (meta) => {
      delete meta['base-oscontainer'];
    });
    await expect(fetch(there.outside)).rejects.toMatchObject({
      code: 'LEGACY_CONTAINER_MISSING',
      exitStatus: 4,
      message:
        `the container of ${pathToFileURL(buildFile('13.1/x86_64/meta.json')).href} is neither there as an archive nor ` +
        'named in a registry',
    });
  });

  it('imports nothing that is not what the record says', async () => {
    await storeSystem(there.work.oci, '13.1');
    await write('13.1');
    await changeMeta('13.1', (meta) => {
      const images = meta.images as Record<string, { sha256: string }>;
      (images['oci-manifest'] as { sha256: string }).sha256 = 'ee'.repeat(32);
    });
    await expect(fetch(there.outside)).rejects.toMatchObject({ code: 'MANIFEST_DIGEST_MISMATCH', exitStatus: 4 });
    await appendFile(archive('13.1'), 'more');
    await expect(fetch(there.outside)).rejects.toMatchObject({
      code: 'DOWNLOAD_MISMATCH',
      exitStatus: 4,
      message: expect.stringMatching(/ has more than the \d+ bytes that its record says$/) as string,
    });
    await changeMeta('13.1', (meta) => {
      (meta.images as { ostree: { size?: number } }).ostree.size = undefined as never;
    });
    await expect(fetch(there.outside)).rejects.toMatchObject({ code: 'DOWNLOAD_MISMATCH', exitStatus: 4 });
    expect((await readdir(here.work.root)).filter((name) => name === 'oci')).toEqual([]);
  });

  it('reads no file that a record has no business with', async () => {
    await storeSystem(there.work.oci, '13.1');
    await write('13.1');
    const where = pathToFileURL(buildFile('13.1/x86_64/meta.json')).href;
    for (const path of [
      '../../../etc/passwd',
      '/etc/passwd',
      '..',
      'a/b.ociarchive',
      '%2e%2e/x.ociarchive',
      'a\n.ociarchive',
    ]) {
      await changeMeta('13.1', (meta) => {
        (meta.images as { ostree: { path: string } }).ostree.path = path;
      });
      await expect(fetch(there.outside)).rejects.toMatchObject({
        code: 'LEGACY_RECORD_INVALID',
        exitStatus: 4,
        message: `${where} is no record of a build: images.ostree.path: is no file name`,
      });
    }
    await changeMeta('13.1', (meta) => {
      (meta.images as { ostree: { path: string } }).ostree.path = 'x.ociarchive';
      meta.buildid = '13.0';
    });
    await expect(fetch(there.outside)).rejects.toMatchObject({
      code: 'LEGACY_RECORD_INVALID',
      message: `${where} is the record of 13.0, and not of 13.1`,
    });
  });

  it('says what is not there, and of whom it knows nothing', async () => {
    await expect(fetch(there.work.root)).rejects.toMatchObject({
      code: 'LEGACY_RECORD_MISSING',
      exitStatus: 2,
      message: `${pathToFileURL(there.work.root).href} has no builds.json, and none in builds/`,
    });
    await storeSystem(there.work.oci, '13.1');
    await write('13.1');
    const address = `${pathToFileURL(there.outside).href}/builds`;
    await expect(fetch(there.outside, { build: '13.10' })).rejects.toMatchObject({
      code: 'LEGACY_BUILD_UNKNOWN',
      exitStatus: 2,
      message: `${address} has no build 13.10 for x86_64`,
      hint: 'did you mean "13.1"?',
    });
    await expect(fetch(there.outside, { architecture: 'aarch64' })).rejects.toMatchObject({
      message: `${address} has no build for aarch64`,
      hint: 'name another architecture with --arch',
    });
    await rm(buildFile('13.1/x86_64/meta.json'));
    await expect(fetch(there.outside)).rejects.toMatchObject({
      code: 'LEGACY_RECORD_MISSING',
      message: `the build 13.1 has no record ${address}/13.1/x86_64/meta.json`,
    });
    await writeFile(buildFile('builds.json'), '{"schema-version": "2.0.0"}');
    await expect(fetch(there.outside)).rejects.toMatchObject({ code: 'LEGACY_RECORD_NEWER', exitStatus: 4 });
  });
});
