import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../../src/lib/canonical-json.ts';
import { type Digest, digestHex, digestOf } from '../../../src/lib/digest.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import type { ContentReader, ContentWriter } from '../../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { collect, storeImage } from '../../helpers/image.ts';
import { openScriptedRepository, openTestingRepository, repositoryName } from '../../helpers/repositories.ts';
import type { TestingRegistryOptions } from '../../helpers/testing-registry.ts';

const artifactType = 'application/vnd.example.note';
const withoutApi: TestingRegistryOptions = { behaviour: { referrersApi: false, conditionalPut: false } };

/** Attaches a note made on that day. */
function attach(store: ContentWriter, subject: Descriptor, note: string, day = '01', type = artifactType) {
  const annotations = { 'org.opencontainers.image.created': `2026-01-${day}T00:00:00Z` };
  return attachArtifact(store, subject, { artifactType: type, content: Buffer.from(note), annotations });
}

async function listed(reader: ContentReader, subject: Digest, type?: string): Promise<Digest[]> {
  return (await reader.referrers(subject, type)).map(({ digest }) => digest);
}

const flavours: { name: string; options: TestingRegistryOptions }[] = [
  { name: 'with the API', options: {} },
  { name: 'with the API, one a page', options: { behaviour: { pageSize: 1 } } },
  { name: 'with the API that does not filter', options: { behaviour: { referrersFilter: false } } },
  { name: 'without the API', options: withoutApi },
  { name: 'without the API that honours conditions', options: { behaviour: { referrersApi: false } } },
];
describe.each(flavours)('referrers of a registry $name', ({ options }) => {
  it('are listed, newest last, with their type and annotations', async () => {
    await using scene = await openTestingRepository(options);
    const image = await storeImage(scene.repository, []);
    const [late, early] = [
      await attach(scene.repository, image, 'late', '03'),
      await attach(scene.repository, image, 'early', '02'),
    ];
    expect(await scene.open().referrers(image.digest)).toEqual([early, late]);
  });

  it('are told apart by their type', async () => {
    await using scene = await openTestingRepository(options);
    const image = await storeImage(scene.repository, []);
    const note = await attach(scene.repository, image, 'note');
    await attach(scene.repository, image, 'other', '01', 'application/vnd.example.other');
    expect(await listed(scene.repository, image.digest, artifactType)).toEqual([note.digest]);
    expect(await listed(scene.repository, image.digest, 'application/vnd.example.none')).toEqual([]);
    expect(await listed(scene.repository, image.digest)).toHaveLength(2);
  });

  it('are listed once, however often they are stored', async () => {
    await using scene = await openTestingRepository(options);
    const image = await storeImage(scene.repository, []);
    const first = await attach(scene.repository, image, 'note');
    await attach(scene.open(), image, 'note');
    expect(await listed(scene.repository, image.digest)).toEqual([first.digest]);
  });

  it('are no longer listed when they are deleted', async () => {
    await using scene = await openTestingRepository(options);
    const image = await storeImage(scene.repository, []);
    const [gone, kept] = [await attach(scene.repository, image, 'gone'), await attach(scene.repository, image, 'kept')];
    await scene.open().deleteManifest(gone.digest);
    expect(await listed(scene.repository, image.digest)).toEqual([kept.digest]);
    const added = await attach(scene.open(), image, 'added', '02');
    expect(await listed(scene.repository, image.digest)).toEqual([kept.digest, added.digest]);
  });

  it('may be about something that is not there', async () => {
    await using scene = await openTestingRepository(options);
    const absent = { mediaType: mediaTypes.manifest, digest: digestOf('absent'), size: 6 };
    expect(await listed(scene.repository, absent.digest)).toEqual([]);
    const note = await attach(scene.repository, absent, 'note');
    expect(await listed(scene.repository, absent.digest)).toEqual([note.digest]);
  });

  it('survive many writers at once', async () => {
    await using scene = await openTestingRepository(options);
    const image = await storeImage(scene.repository, []);
    const notes = Array.from({ length: 16 }, (_, index) => attach(scene.open(), image, `note ${index}`));
    const digests = (await Promise.all(notes)).map(({ digest }) => digest);
    expect((await listed(scene.repository, image.digest)).toSorted()).toEqual(digests.toSorted());
  });
});

describe('the index of referrers under a tag', () => {
  const indexTag = (subject: Digest) => `sha256-${digestHex(subject)}`;

  /** Lets several writers' requests for tags go on one at a time, when all writers wait, in the order of the choices. */
  async function inTurns(
    choices: Iterable<number>,
    writers: readonly ((enter: () => Promise<void>) => Promise<void>)[],
  ) {
    const waiting: { writer: number; admit: () => void }[] = [];
    const unfinished = new Set(writers.keys());
    const work = writers.map(async (write, writer) => {
      await write(() => new Promise((admit) => void waiting.push({ writer, admit })));
      unfinished.delete(writer);
    });
    const failed = Promise.all(work);
    for (const choice of choices) {
      while ([...unfinished].some((writer) => waiting.every((entry) => entry.writer !== writer))) {
        await Promise.race([failed, new Promise((resolve) => void setImmediate(resolve))]);
      }
      if (unfinished.size === 0) return;
      waiting.splice(choice % waiting.length, 1)[0]?.admit();
    }
  }

  it('loses nothing, in whatever order requests of several writers are answered', async () => {
    const choices = fc.infiniteStream(fc.nat(11));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 4 }), choices, async (count, order) => {
        await using scene = await openTestingRepository(withoutApi);
        const image = await storeImage(scene.repository, []);
        const digests: Digest[] = [];
        const writers = Array.from({ length: count }, (_, index) => async (enter: () => Promise<void>) => {
          const isGated = (path: string | URL) => /\/tags\/list|\/manifests\/sha256-/.test(String(path));
          const store = scene.open(repositoryName, async ({ path }) => (isGated(path) ? enter() : undefined));
          digests.push((await attach(store, image, `note ${index}`)).digest);
        });
        await inTurns(order, writers);
        expect((await listed(scene.repository, image.digest)).toSorted()).toEqual(digests.toSorted());
      }),
      { numRuns: 25 },
    );
  });

  it('gets what a writer who was stopped had left to do', async () => {
    await using scene = await openTestingRepository(withoutApi);
    const image = await storeImage(scene.repository, []);
    const tag = new RegExp(`/manifests/${indexTag(image.digest)}$`);
    scene.registry.inject({ match: { method: 'PUT', path: tag }, fault: { kind: 'status', status: 403 } });
    await expect(attach(scene.open(), image, 'stopped')).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    expect(await listed(scene.repository, image.digest)).toEqual([]);
    await attach(scene.open(), image, 'next', '02');
    expect(await listed(scene.repository, image.digest)).toHaveLength(2);
  });

  it('keeps what others have written into it, and adds what they have taken out', async () => {
    await using scene = await openTestingRepository(withoutApi);
    const image = await storeImage(scene.repository, []);
    const ours = await attach(scene.repository, image, 'ours');
    const theirs = { ...(await storeImage(scene.repository, [Buffer.from('x')])), data: 'e30=', artifactType };
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [theirs] } as unknown as Json;
    const stored = await scene.repository.putManifest(canonicalJson(index), mediaTypes.index);
    await scene.repository.setTags([indexTag(image.digest)], stored);
    const added = await attach(scene.open(), image, 'added', '02');
    const found = await scene.repository.resolveTag(indexTag(image.digest));
    const { manifests } = JSON.parse((await collect(scene.open().readBlob(found ?? image))).toString());
    expect(manifests).toEqual(expect.arrayContaining([theirs, ours, added]));
    expect(manifests).toHaveLength(3);
  });

  it('drops entries of what somebody has deleted, so that registries take it', async () => {
    await using scene = await openTestingRepository(withoutApi);
    const image = await storeImage(scene.repository, []);
    const gone = await attach(scene.repository, image, 'gone');
    // As a client does that knows nothing of the index.
    await fetch(`${scene.registry.address}/v2/${repositoryName}/manifests/${gone.digest}`, { method: 'DELETE' });
    const added = await attach(scene.open(), image, 'added');
    expect(await listed(scene.repository, image.digest)).toEqual([added.digest]);
  });

  it('is empty when it is something else, and its writer says so', async () => {
    await using scene = await openTestingRepository(withoutApi);
    const image = await storeImage(scene.repository, []);
    const tag = indexTag(image.digest);
    await scene.repository.setTags([tag], image);
    const reason = `the list of referrers ${scene.where}:${tag} is no index but ${mediaTypes.manifest}; it counts as empty`;
    expect(await listed(scene.repository, image.digest)).toEqual([]);
    expect(await listed(scene.repository, image.digest, artifactType)).toEqual([]);
    expect(scene.warnings).toEqual([reason]);
    const note = await attach(scene.open(), image, 'note');
    expect(scene.warnings).toContain(`${reason}, and ${image.digest} loses this tag`);
    expect(await listed(scene.open(), image.digest)).toEqual([note.digest]);
  });

  const oddLists: [string, Json, string][] = [
    [
      'no list',
      { schemaVersion: 2 },
      'manifests: Invalid input: expected array, received undefined; it counts as empty',
    ],
    [
      'another version',
      { schemaVersion: 1, manifests: [] },
      'schemaVersion: Invalid input: expected 2; it counts as empty',
    ],
  ];
  /** A registry that has this list under the tag of this subject, and nothing else; what is put there is recorded. */
  function openWithList(subject: Digest, index: unknown) {
    return openScriptedRepository((request, response) => {
      if (request.method === 'GET' && request.url?.endsWith(indexTag(subject)) === true) {
        response.writeHead(200, { 'Content-Type': mediaTypes.index }).end(JSON.stringify(index));
      } else response.writeHead(404).end();
    });
  }
  const subject = digestOf('subject');

  it.each(oddLists)('with %s is empty, and that is told once', async (_what, index, problem) => {
    await using scene = await openWithList(subject, index);
    expect(await listed(scene.repository, subject)).toEqual([]);
    expect(await listed(scene.repository, subject, artifactType)).toEqual([]);
    expect(scene.warnings).toEqual([`the list of referrers ${scene.where}:${indexTag(subject)}: ${problem}`]);
  });

  it('with null for its list is empty', async () => {
    await using scene = await openWithList(subject, { schemaVersion: 2, manifests: null });
    expect(await listed(scene.repository, subject)).toEqual([]);
    expect(scene.warnings).toEqual([]);
  });

  it('is read without its odd entries', async () => {
    const sound = { mediaType: mediaTypes.manifest, digest: digestOf('sound'), size: 5, artifactType };
    const odd = [{ ...sound, digest: `sha512:${'0'.repeat(128)}` }, 'text', { ...sound, size: -1 }];
    await using scene = await openWithList(subject, { schemaVersion: 2, manifests: [...odd, sound] });
    expect(await listed(scene.repository, subject)).toEqual([sound.digest]);
    expect(scene.warnings).toEqual([
      expect.stringContaining(`${indexTag(subject)}: entry 1: digest: `) as string,
      expect.stringContaining(`${indexTag(subject)}: entry 2: the document: `) as string,
      expect.stringContaining(`${indexTag(subject)}: entry 3: size: `) as string,
    ]);
  });

  const silent = [undefined, mediaTypes.empty, mediaTypes.config];
  it.each(silent)("takes the manifest's word where an entry says nothing: %s", async (said) => {
    await using scene = await openTestingRepository(withoutApi);
    const image = await storeImage(scene.repository, []);
    const note = await attach(scene.repository, image, 'note');
    const stranger = await storeImage(scene.repository, [Buffer.from('x')]);
    const entries = [note, stranger].map(({ mediaType, digest, size }) => ({
      mediaType,
      digest,
      size,
      ...(said === undefined ? {} : { artifactType: said }),
    }));
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: entries } as unknown as Json;
    const stored = await scene.repository.putManifest(canonicalJson(index), mediaTypes.index);
    await scene.repository.setTags([indexTag(image.digest)], stored);
    expect(await scene.open().referrers(image.digest)).toEqual([note]);
    expect(await scene.open().referrers(image.digest, artifactType)).toEqual([note]);
    expect(await scene.open().referrers(image.digest, mediaTypes.empty)).toEqual([]);
  });

  it('names what it lists and is gone', async () => {
    const gone = { mediaType: mediaTypes.manifest, digest: digestOf('gone'), size: 4 };
    await using scene = await openWithList(subject, { schemaVersion: 2, manifests: [gone] });
    expect(await listed(scene.repository, subject)).toEqual([gone.digest]);
    expect(await listed(scene.repository, subject, artifactType)).toEqual([]);
    expect(scene.warnings).toEqual([
      `the list of referrers of ${subject} names what cannot be read: blob ${gone.digest} is missing in ${scene.where}`,
    ]);
  });

  it('does not list what only has such a tag', async () => {
    await using scene = await openTestingRepository(withoutApi);
    const image = await storeImage(scene.repository, []);
    const tags = [`.${'0'.repeat(16)}`, '.sig', '.att', `.${'0'.repeat(15)}g`].map(
      (end) => `${indexTag(image.digest)}${end}`,
    );
    await scene.repository.setTags(tags, image);
    const note = await attach(scene.open(), image, 'note');
    expect(await listed(scene.repository, image.digest)).toEqual([note.digest]);
  });
});

describe('the list of referrers', () => {
  const subject = digestOf('subject');

  it.each([400, 404, 405, 501])('is looked for under the tag when the API answers %i', async (status) => {
    await using scene = await openTestingRepository(withoutApi);
    const image = await storeImage(scene.repository, []);
    const note = await attach(scene.repository, image, 'note');
    scene.registry.inject({ match: { path: /\/referrers\// }, fault: { kind: 'status', status } });
    expect(await listed(scene.repository, image.digest)).toEqual([note.digest]);
  });

  it('is looked for under the tag when the API answers with a page for people', async () => {
    await using scene = await openScriptedRepository((request, response) => {
      if (!request.url?.includes('/referrers/')) response.writeHead(404).end();
      else response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>');
    });
    expect(await scene.repository.referrers(subject)).toEqual([]);
    expect(scene.server.requests.at(-1)?.url).toBe(`/v2/${repositoryName}/manifests/sha256-${digestHex(subject)}`);
  });

  it('is refused when it is none', async () => {
    await using scene = await openScriptedRepository((_, response) => {
      response.writeHead(200, { 'Content-Type': mediaTypes.index }).end('{"schemaVersion":2}');
    });
    await expect(scene.repository.referrers(subject)).rejects.toMatchObject({
      code: 'INDEX_INVALID',
      exitStatus: 4,
      message: `the list of referrers of ${subject} in ${scene.where}: manifests: Invalid input: expected array, received undefined`,
    });
  });

  it('is not asked for from the tag when the API fails', async () => {
    await using scene = await openTestingRepository();
    scene.registry.inject({ match: { path: /\/referrers\// }, fault: { kind: 'status', status: 403 } });
    await expect(scene.repository.referrers(subject)).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
  });
});
