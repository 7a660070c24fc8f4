import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Wait, waitFor } from '../../src/http/retry.ts';
import { digestOf } from '../../src/lib/digest.ts';
import { attachArtifact } from '../../src/oci/artifact.ts';
import type { RegistryOptions, Repository } from '../../src/oci/registries.ts';
import { createRegistries } from '../../src/oci/registry.ts';
import type { BlobSource, ContentReader } from '../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/types.ts';
import { collect, storeImage } from '../helpers/image.ts';

/** A registry that a test has started, and who may do what there. */
export interface ContractRegistry extends AsyncDisposable {
  host: string;
  /** How one who may do everything reaches it. */
  builder: RegistryOptions;
  /** One who may pull; undefined where the registry does not tell people apart. */
  reader?: RegistryOptions | undefined;
  /** One with a wrong password, and one without any; undefined where nobody is asked. */
  stranger?: RegistryOptions | undefined;
  anonymous?: RegistryOptions | undefined;
  /** True if the registry does delete. */
  deletes: boolean;
  /** True if a tag is moved only from where the request says it is. */
  comparesAndSets: boolean;
}

/** What every registry must do for us, whatever its way of knowing people and however much of the specification it has. */
export function registryContract(name: string, setUp: () => Promise<ContractRegistry>): void {
  describe(`a repository of ${name}`, () => {
    let registry: ContractRegistry;
    let registries: ReturnType<typeof createRegistries>;
    let repositories = 0;

    beforeAll(async () => {
      registry = await setUp();
      registries = as(registry.builder);
    });
    afterAll(async () => {
      await registries[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    });

    function as(options: RegistryOptions) {
      // A registry that answers as it should is asked once: nothing may be tried again here.
      const wait = async () => expect.unreachable('a request was tried again');
      return createRegistries(options, { environment: {}, wait });
    }
    /** One of many who write the same tag: docker-registry fails those who read what another is just writing. */
    function asOneOfMany() {
      // Shortened, but not to nothing: all of them at once fail each other again and again.
      const wait: Wait = (milliseconds, signal) => waitFor(milliseconds / 20, signal);
      return createRegistries(registry.builder, { environment: {}, wait });
    }
    /** A repository that nobody has used yet. */
    function freshName(): string {
      repositories += 1;
      return `os/example-${repositories}`;
    }
    function fresh(): Promise<Repository> {
      return registries.repository(registry.host, freshName());
    }

    describe('blobs', () => {
      it.each([0, 1, 5000, 1024 * 1024 + 1, 5_000_000])('stores and reads %i bytes', async (size) => {
        const repository = await fresh();
        const content = randomBytes(size);
        const { digest } = descriptorOf(content);
        expect(await repository.hasBlob(digest)).toBe(false);
        let counted = 0;
        const onBytes = (bytes: number) => {
          counted += bytes;
        };
        expect(await repository.putBlob(sourceOf(content), { onBytes })).toBe('written');
        expect(counted).toBe(size);
        expect(await repository.hasBlob(digest)).toBe(true);
        expect((await collect(repository.readBlob(descriptorOf(content)))).equals(content)).toBe(true);
        expect(await repository.putBlob(sourceOf(content))).toBe('written');
      });

      it('says that a blob is missing', async () => {
        const repository = await fresh();
        const absent = descriptorOf(Buffer.from('absent'));
        await expect(collect(repository.readBlob(absent))).rejects.toMatchObject({
          code: 'BLOB_MISSING',
          exitStatus: 4,
          message: expect.stringContaining(registry.host),
        });
      });

      it.each([100, 3_000_000])('stores nothing of a source of %i bytes that fails or lies', async (size) => {
        const repository = await fresh();
        const content = randomBytes(size);
        const short = { ...sourceOf(content), ...{ open: () => pieces(content.subarray(1)) } };
        await expect(repository.putBlob(short)).rejects.toMatchObject({ code: 'BLOB_SIZE_MISMATCH', exitStatus: 4 });
        const long = { ...sourceOf(content), ...{ open: () => pieces(Buffer.concat([content, content])) } };
        await expect(repository.putBlob(long)).rejects.toMatchObject({ code: 'BLOB_SIZE_MISMATCH', exitStatus: 4 });
        const failing: BlobSource = {
          ...sourceOf(content),
          open: async function* () {
            yield content.subarray(0, size / 2);
            throw new Error('the disk is gone');
          },
        };
        await expect(repository.putBlob(failing)).rejects.toThrow('the disk is gone');
        expect(await repository.hasBlob(digestOf(content))).toBe(false);
      });

      it('reads only the size that a descriptor says', async () => {
        const repository = await fresh();
        const content = randomBytes(3000);
        await repository.putBlob(sourceOf(content));
        const wrong = { ...descriptorOf(content), size: 2999 };
        await expect(collect(repository.readBlob(wrong))).rejects.toMatchObject({ code: 'BLOB_SIZE_MISMATCH' });
      });

      it('moves no byte of a blob that another repository has', async () => {
        const from = freshName();
        const content = randomBytes(2_000_000);
        await (await registries.repository(registry.host, from)).putBlob(sourceOf(content));
        const repository = await fresh();
        const mountSource = { host: registry.host, repository: from };
        const unread = () => expect.unreachable('the blob was read');
        expect(await repository.putBlob({ descriptor: descriptorOf(content), open: unread, mountSource })).toBe(
          'mounted',
        );
        expect(await repository.hasBlob(digestOf(content))).toBe(true);
      });

      it('sends what the other repository, or the other host, turns out not to have', async () => {
        const repository = await fresh();
        for (const host of [registry.host, 'registry.invalid']) {
          const mountSource = { host, repository: freshName() };
          expect(await repository.putBlob({ ...sourceOf(randomBytes(2000)), mountSource })).toBe('written');
        }
      });

      it('stops when told', async () => {
        const repository = await fresh();
        const content = randomBytes(3_000_000);
        const controller = new AbortController();
        const open = async function* () {
          yield content.subarray(0, 1_000_000);
          controller.abort(new Error('stopped'));
          yield content.subarray(1_000_000);
        };
        const source = { descriptor: descriptorOf(content), open };
        await expect(repository.putBlob(source, { signal: controller.signal })).rejects.toThrow('stopped');
        expect(await repository.hasBlob(digestOf(content))).toBe(false);
      });
    });

    describe('manifests and tags', () => {
      it('stores a manifest without a tag, then tags it, and reads the same bytes', async () => {
        const repository = await fresh();
        const image = await storeImage(repository, [Buffer.from('layer')], { 'org.example.a': 'b' });
        expect(await repository.resolveDigest(image.digest)).toMatchObject(image);
        expect(await repository.tagNames()).toEqual([]);
        await repository.setTags(['stable', 'also_1.0-x'], image);
        const { digest, mediaType, size } = image;
        expect(await repository.resolveTag('stable')).toEqual({ digest, mediaType, size });
        expect(await repository.tagNames()).toEqual(['also_1.0-x', 'stable']);
        expect([...(await repository.listTags())]).toEqual([
          ['also_1.0-x', { digest, mediaType, size }],
          ['stable', { digest, mediaType, size }],
        ]);
        const other = await registries.repository(registry.host, `os/example-${repositories}`);
        expect(digestOf(await collect(other.readBlob(image)))).toBe(digest);
      });

      it('knows nothing of a repository that nobody has pushed to', async () => {
        const repository = await fresh();
        expect(await repository.resolveTag('stable')).toBeUndefined();
        expect(await repository.resolveDigest(digestOf('absent'))).toBeUndefined();
        expect(await repository.tagNames()).toEqual([]);
        expect(await repository.referrers(digestOf('absent'))).toEqual([]);
      });

      it('stores an index of images', async () => {
        const repository = await fresh();
        const images = [await storeImage(repository, [Buffer.from('a')]), await storeImage(repository, [])];
        const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: images };
        const stored = await repository.putManifest(JSON.stringify(index), mediaTypes.index);
        await repository.setTags(['all'], stored);
        expect(await repository.resolveTag('all')).toEqual(stored);
      });

      it('refuses a manifest whose layers are not there, and a tag that is none', async () => {
        const repository = await fresh();
        const image = await storeImage(repository, []);
        await expect(repository.setTags(['no tag'], image)).rejects.toMatchObject({
          code: 'TAG_INVALID',
          exitStatus: 2,
        });
        const incomplete = JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.manifest,
          config: descriptorOf(Buffer.from('{}'), mediaTypes.config),
          layers: [descriptorOf(Buffer.from('absent'), mediaTypes.layer)],
        });
        await expect(repository.putManifest(incomplete, mediaTypes.manifest)).rejects.toMatchObject({ exitStatus: 1 });
        expect(await repository.resolveDigest(digestOf(incomplete))).toBeUndefined();
      });

      it('lists many tags, however many a page has', async () => {
        const repository = await fresh();
        const image = await storeImage(repository, []);
        const tags = Array.from({ length: 23 }, (_, number) => `tag-${String(number).padStart(2, '0')}`);
        await repository.setTags([...tags].reverse(), image);
        expect(await repository.tagNames()).toEqual(tags);
        expect((await repository.listTags()).size).toBe(23);
      });

      it('moves a tag from where it is expected, and from nowhere else', async () => {
        const repository = await fresh();
        const [first, second, third] = await images(repository);
        await repository.setTags(['stable'], first, new Map([['stable', undefined]]));
        await repository.setTags(['stable'], second, new Map([['stable', first.digest]]));
        const moved = { code: 'TAG_MOVED', exitStatus: 4, message: expect.stringContaining(second.digest) };
        for (const expected of [first.digest, undefined]) {
          const late = repository.setTags(['stable'], third, new Map([['stable', expected]]));
          await expect(late).rejects.toMatchObject(moved);
        }
        expect((await repository.resolveTag('stable'))?.digest).toBe(second.digest);
      });

      it('lets at least one of many who race win, and tells the others', async () => {
        const repository = await fresh();
        const [first, second, third] = await images(repository);
        await repository.setTags(['stable'], first);
        const name = `os/example-${repositories}`;
        const racers = [second, third].map(async (image) => {
          await using own = asOneOfMany();
          const theirs = await own.repository(registry.host, name);
          await theirs.setTags(['stable'], image, new Map([['stable', first.digest]]));
        });
        const results = await Promise.allSettled(racers);
        const won = results.filter(({ status }) => status === 'fulfilled');
        const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
        for (const error of lost) expect(error).toMatchObject({ code: 'TAG_MOVED', exitStatus: 4 });
        const now = (await repository.resolveTag('stable'))?.digest;
        expect([second.digest, third.digest]).toContain(now);
        if (registry.comparesAndSets) expect(won).toHaveLength(1);
        else expect(won.length).toBeGreaterThanOrEqual(1);
      });

      it('deletes a manifest with its tags, or says that the registry does not', async () => {
        const repository = await fresh();
        const [first, second] = await images(repository);
        await repository.setTags(['one', 'two'], first);
        await repository.setTags(['other'], second);
        if (!registry.deletes) {
          const error = { code: 'DELETE_UNSUPPORTED', exitStatus: 1, message: expect.stringContaining(registry.host) };
          await expect(repository.deleteManifest(first.digest)).rejects.toMatchObject(error);
          return;
        }
        await repository.deleteManifest(first.digest);
        expect(await repository.resolveTag('one')).toBeUndefined();
        expect(await repository.resolveDigest(first.digest)).toBeUndefined();
        expect((await repository.listTags()).get('other')?.digest).toBe(second.digest);
        await repository.deleteManifest(first.digest);
      });
    });

    describe('referrers', () => {
      it('lists what is attached, all or by type, with annotations', async () => {
        const repository = await fresh();
        const image = await storeImage(repository, []);
        expect(await repository.referrers(image.digest)).toEqual([]);
        const attach = (artifactType: string, content: string) =>
          attachArtifact(repository, image, {
            artifactType,
            content: Buffer.from(content),
            annotations: { 'org.example.content': content },
          });
        const results = [await attach('text/result', 'one'), await attach('text/result', 'two')];
        const sbom = await attach('text/sbom', 'three');
        const byDigest = (list: readonly Descriptor[]) => [...list].sort((a, b) => (a.digest < b.digest ? -1 : 1));
        expect(byDigest(await repository.referrers(image.digest))).toMatchObject(byDigest([...results, sbom]));
        expect(byDigest(await repository.referrers(image.digest, 'text/result'))).toMatchObject(byDigest(results));
        expect(await repository.referrers(image.digest, 'text/none')).toEqual([]);
        expect(await repository.referrers(sbom.digest)).toEqual([]);
      });

      it('loses none of those that many attach at once', async () => {
        const repository = await fresh();
        const image = await storeImage(repository, []);
        const name = `os/example-${repositories}`;
        const attached = await Promise.all(
          Array.from({ length: 6 }, async (_, number) => {
            await using own = asOneOfMany();
            const theirs = await own.repository(registry.host, name);
            const artifact = { artifactType: 'text/result', content: Buffer.from(String(number)) };
            return (await attachArtifact(theirs, image, artifact)).digest;
          }),
        );
        const listed = (await repository.referrers(image.digest)).map(({ digest }) => digest);
        expect(listed.sort()).toEqual(attached.sort());
      });

      it('lists no more what was deleted', async () => {
        if (!registry.deletes) return;
        const repository = await fresh();
        const image = await storeImage(repository, []);
        const attach = (content: string) =>
          attachArtifact(repository, image, { artifactType: 'text/result', content: Buffer.from(content) });
        const [gone, kept] = [await attach('gone'), await attach('kept')];
        await repository.deleteManifest(gone.digest);
        expect(await digestsOf(repository, image)).toEqual([kept.digest]);
      });
    });

    describe('people', () => {
      it('refuses those whom it does not know, and says how to log in', async () => {
        for (const options of [registry.anonymous, registry.stranger]) {
          if (options === undefined) continue;
          await using theirs = as(options);
          const refusal = {
            code: 'REGISTRY_UNAUTHORIZED',
            exitStatus: 1,
            message: expect.stringContaining(registry.host),
            hint: expect.stringContaining(`cosa login ${registry.host}`),
          };
          const repository = await theirs.repository(registry.host, freshName());
          await expect(repository.resolveTag('stable')).rejects.toMatchObject(refusal);
          await expect(repository.putBlob(sourceOf(Buffer.from('text')))).rejects.toMatchObject(refusal);
        }
      });

      it('lets readers read, and nothing else', async () => {
        if (registry.reader === undefined) return;
        const image = await storeImage(await fresh(), [Buffer.from('layer')]);
        const name = `os/example-${repositories}`;
        await using theirs = as(registry.reader);
        const repository = await theirs.repository(registry.host, name);
        expect(digestOf(await collect(repository.readBlob(image)))).toBe(image.digest);
        const refusal = { code: 'REGISTRY_DENIED', exitStatus: 1, message: expect.stringContaining(`${name}`) };
        await expect(repository.setTags(['stable'], image)).rejects.toMatchObject(refusal);
        await expect(repository.putBlob(sourceOf(Buffer.from('text')))).rejects.toMatchObject(refusal);
        expect(await repository.tagNames()).toEqual([]);
      });
    });
  });
}

/** Three images that differ. */
async function images(repository: Repository): Promise<[Descriptor, Descriptor, Descriptor]> {
  const image = (label: string) => storeImage(repository, [], { 'org.opencontainers.image.version': label });
  return [await image('1'), await image('2'), await image('3')];
}

async function digestsOf(reader: ContentReader, subject: Descriptor): Promise<string[]> {
  return (await reader.referrers(subject.digest)).map(({ digest }) => digest);
}

function descriptorOf(content: Buffer, mediaType: string = mediaTypes.layer): Descriptor {
  return { mediaType, digest: digestOf(content), size: content.length };
}

function sourceOf(content: Buffer): BlobSource {
  return { descriptor: descriptorOf(content), open: () => pieces(content) };
}

async function* pieces(content: Buffer): AsyncGenerator<Buffer> {
  const size = 256 * 1024;
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}
