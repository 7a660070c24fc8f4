import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { releaseIndexKey, releaseKey, streamKey, versionPrefix } from '../../../src/publish/keys.ts';
import { emptyBuildsList, withBuild } from '../../../src/publish/legacy/builds-list.ts';
import type { ObjectStore } from '../../../src/publish/object-store.ts';
import { parsePublishedImages } from '../../../src/publish/published-images.ts';
import { readPublishedVersions, releaseItems, removalKey } from '../../../src/publish/retention/published-versions.ts';
import { removeVersion } from '../../../src/publish/retention/remove-version.ts';
import { openObjectStore } from '../../../src/publish/stores.ts';
import { writeMetadata } from '../../../src/publish/stream-metadata.ts';
import { readDocument } from '../../../src/publish/update.ts';
import { silentSession } from '../../helpers/session.ts';
import { exampleBuild } from '../example-build.ts';
import { placeObject, publishExample } from '../publish-example.ts';

let base: string;
let directory: string;
let store: ObjectStore;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-retention-'));
  await openFresh('store');
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(base, { recursive: true });
});

async function openFresh(name: string): Promise<void> {
  directory = join(base, name);
  await mkdir(directory);
  store = await openObjectStore(pathToFileURL(directory).href, { baseUrl: 'https://x.example.com' }, silentSession());
}

const oldOne = { stream: 'stable', version: '13.20260101.0' };
const newOne = { stream: 'stable', version: '13.20260201.0' };
const images = [
  ['qemu', 'qcow2.xz'],
  ['metal', 'raw.xz'],
] as const;

async function release(version: string): Promise<void> {
  const build = exampleBuild({ stream: 'stable', version, images });
  await publishExample(directory, build.images);
  const author = { generator: 'cosa', now: new Date('2026-03-01T00:00:00Z') };
  await writeMetadata(store, { builds: [build], author, allowDowngrade: false });
}

async function keys(prefix = ''): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}

/** Everything that any metadata in the store names, and which of it is not there. */
async function danglingNames(): Promise<string[]> {
  const there = new Set(await keys());
  const named: string[] = [];
  for (const key of there) {
    const text = key.endsWith('.json') ? ((await readDocument(store, key))?.text ?? '') : '';
    for (const [address] of text.matchAll(/https:\/\/x\.example\.com\/[^"]+/g)) named.push(address.slice(22));
    if (!key.endsWith('/images.json')) continue;
    const base = key.slice(0, key.lastIndexOf('/'));
    for (const { files } of parsePublishedImages(text, key).images)
      for (const { name } of files) named.push(`${base}/${name}`);
  }
  return named.filter((key) => !there.has(key));
}

describe('readPublishedVersions', () => {
  it('finds what is published, what stream metadata offers, and which containers it is made of', async () => {
    await release(oldOne.version);
    await release(newOne.version);
    await placeObject(
      directory,
      `${versionPrefix({ stream: 'stable', version: '13.9' })}x86_64/part.qcow2`,
      'unfinished',
    );
    const published = await readPublishedVersions(store);
    expect([...published.named]).toEqual([[versionPrefix(newOne), 'stable']]);
    const { digest } = exampleBuild({ version: oldOne.version }).images.container;
    const items = releaseItems(store.url, published, (one) => [`registry@${one}`]);
    expect(items.map(({ name, isBuild, pinned, created }) => [name, isBuild, pinned, created])).toEqual([
      ['stable 13.20260101.0', true, [], Date.UTC(2026, 0, 1)],
      ['stable 13.20260201.0', true, ['the stream stable offers it'], Date.UTC(2026, 1, 1)],
      ['stable 13.9', false, ['its upload is not finished'], undefined],
    ]);
    expect(items[0]?.needs).toEqual([
      { key: `registry@${digest}`, why: 'the release stable 13.20260101.0 is made of it' },
    ]);
  });

  it('sees that one stream offers what another one has built, and a release what another version has', async () => {
    await release(oldOne.version);
    await release(newOne.version);
    const text = (await readDocument(store, streamKey('stable')))?.text ?? '';
    const lead = (other: string) => text.replaceAll(newOne.version, oldOne.version).replace('"stable"', `"${other}"`);
    await placeObject(directory, 'streams/next.json', lead('next'));
    const { named } = await readPublishedVersions(store);
    expect(Object.fromEntries(named)).toMatchObject({
      [versionPrefix(oldOne)]: 'next',
      [versionPrefix(newOne)]: 'stable',
    });
  });

  it('does nothing where something cannot be read', async () => {
    await release(oldOne.version);
    await placeObject(directory, streamKey('testing'), '{"stream": ');
    await expect(readPublishedVersions(store)).rejects.toMatchObject({ code: 'METADATA_INVALID', exitStatus: 4 });
  });
});

describe('removeVersion', () => {
  it('leaves nothing of the version, and all of the others', async () => {
    await release(oldOne.version);
    await release(newOne.version);
    const list = withBuild(emptyBuildsList(), { id: oldOne.version, architecture: 'x86_64', timestamp: '' });
    await placeObject(directory, 'prod/streams/stable/builds/builds.json', JSON.stringify({ ...list, theirs: true }));
    const before = await keys(versionPrefix(newOne));
    expect(await removeVersion(store, oldOne)).toBe(6);
    expect(await keys(versionPrefix(oldOne))).toEqual([]);
    expect(await keys(versionPrefix(newOne))).toEqual(before);
    const index = JSON.parse((await readDocument(store, releaseIndexKey('stable')))?.text ?? '');
    expect(index.releases.map(({ version }: { version: string }) => version)).toEqual([newOne.version]);
    const builds = await readDocument(store, 'prod/streams/stable/builds/builds.json');
    expect(JSON.parse(builds?.text ?? '')).toMatchObject({ builds: [], theirs: true });
    expect(await removeVersion(store, oldOne)).toBe(0);
  });

  it('never has metadata name what is gone, whenever it is killed, and goes on from there', async () => {
    for (let steps = 0; ; steps++) {
      await store[Symbol.asyncDispose]();
      await openFresh(`store-${steps}`);
      await release(oldOne.version);
      await release(newOne.version);
      let left = steps;
      const count =
        <Args extends unknown[], Result>(action: (...args: Args) => Promise<Result>) =>
        (...args: Args) => {
          if (left-- <= 0) throw new Error('killed');
          return action(...args);
        };
      const dying = { ...store, put: count(store.put), remove: count(store.remove) };
      const killed = await removeVersion(dying, oldOne).then(
        () => false,
        (error: Error) => error.message === 'killed',
      );
      expect(await danglingNames()).toEqual([]);
      const { versions } = await readPublishedVersions(store);
      const state = versions.find(({ version }) => version === oldOne.version)?.state;
      if (killed) expect(state).toBe(steps < 2 ? 'published' : 'removing');
      await removeVersion(store, oldOne);
      expect(await keys(versionPrefix(oldOne))).toEqual([]);
      if (!killed) break;
    }
  });

  it('stops where a stream has come to offer it', async () => {
    await release(oldOne.version);
    const before = await keys();
    await expect(removeVersion(store, oldOne)).rejects.toMatchObject({
      code: 'RETENTION_NEEDED',
      exitStatus: 4,
      message: `${store.url}: the stream stable has come to offer 13.20260101.0 meanwhile: it stays`,
    });
    expect(await keys()).toEqual(before);
  });

  it('takes a version for published that was put into the index again', async () => {
    await release(oldOne.version);
    await release(newOne.version);
    await placeObject(directory, removalKey(oldOne), '{}');
    const { versions } = await readPublishedVersions(store);
    expect(versions.map(({ state }) => state)).toEqual(['published', 'published']);
    expect(await store.stat(releaseKey(oldOne))).toBeDefined();
  });
});
