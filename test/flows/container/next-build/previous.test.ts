import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPrevious } from '../../../../src/flows/container/next-build/previous.ts';
import { readImage } from '../../../../src/oci/image.ts';
import { openLayoutForWriting } from '../../../../src/oci/layout.ts';
import { tagImages } from '../../../../src/oci/tag-images.ts';
import type { Descriptor } from '../../../../src/oci/types.ts';
import { type WorkDirectory, workDirectoryAt } from '../../../../src/workspace/work-directory.ts';
import { storeImage } from '../../../helpers/image.ts';
import { silentSession } from '../../../helpers/session.ts';
import { startTestingRegistry } from '../../../helpers/testing-registry.ts';

const session = silentSession();

const target = { stream: 'stable', config: { basearch: 'x86_64' } } as const;

let directory: string;
let work: WorkDirectory;
let upstream: Descriptor;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-previous-'));
  upstream = await store(join(directory, 'upstream'), 'stable', 'upstream');
  const reference = `oci:${directory}/upstream:stable`;
  const settings = { config: { source: '/config' }, upstream: { reference, digest: upstream.digest } };
  work = workDirectoryAt(join(directory, 'work'), settings);
  await mkdir(work.root);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function store(layout: string, tag: string, version: string): Promise<Descriptor> {
  await using writer = await openLayoutForWriting(layout);
  const image = await storeImage(writer, [], { 'org.opencontainers.image.version': version });
  await writer.setTags([tag], image);
  return image;
}

async function find(wanted?: string, of: WorkDirectory = work) {
  await using own = await openLayoutForWriting(of.oci);
  const previous = await findPrevious(session, of, own, target, wanted);
  return previous?.image.config.config?.Labels?.['org.opencontainers.image.version'];
}

describe('the previous container', () => {
  it('is the last build, then the stream, then what init recorded, then none', async () => {
    expect(await find(undefined, { ...work, settings: { config: { source: '/config' } } })).toBeUndefined();
    expect(await find()).toBe('upstream');
    await store(work.oci, 'stable', 'released');
    expect(await find()).toBe('released');
    await store(work.oci, 'stable-candidate', 'built');
    expect(await find()).toBe('built');
    expect(await find('none')).toBeUndefined();
  });

  it('is what init recorded by its digest, wherever its tag points today', async () => {
    await store(join(directory, 'upstream'), 'stable', 'newer');
    expect(await find()).toBe('upstream');
  });

  it('is any container that is asked for', async () => {
    await store(join(directory, 'other'), 'x', 'other');
    expect(await find(`oci:${directory}/other:x`)).toBe('other');
    await expect(find('stabel')).rejects.toMatchObject({ code: 'TAG_UNKNOWN', exitStatus: 2 });
  });

  it('is of the same architecture', async () => {
    const arm = { stream: 'stable', config: { basearch: 'aarch64' } } as const;
    await using own = await openLayoutForWriting(work.oci);
    const image = await storeImage(own, [], { 'org.opencontainers.image.version': 'amd' });
    await own.setTags(['stable-candidate'], image);
    expect(await findPrevious(session, work, own, arm, undefined)).toBeUndefined();
    await expect(findPrevious(session, work, own, arm, 'stable-candidate')).rejects.toMatchObject({
      code: 'PREVIOUS_ARCHITECTURE',
      exitStatus: 2,
      message: 'stable-candidate is for linux/amd64, and linux/arm64 is being built',
    });
    const other = await storeImage(own, [], { 'org.opencontainers.image.version': 'arm' }, 'arm64');
    await tagImages(
      own,
      ['stable-candidate'],
      { descriptor: other, images: [await readImage(own, other)] },
      { force: false },
    );
    for (const reference of [undefined, 'stable-candidate']) {
      const previous = await findPrevious(session, work, own, arm, reference);
      expect(previous?.image.descriptor.digest).toBe(other.digest);
      const ours = await findPrevious(session, work, own, target, reference);
      expect(ours?.image.descriptor.digest).toBe(image.digest);
    }
  });

  it('is read from a registry by manifest and config alone', async () => {
    await using registry = await startTestingRegistry();
    const repository = await session.registries.repository(registry.host, 'os');
    const layers = ['one', 'two', 'three'].map((layer) => Buffer.from(layer));
    const image = await storeImage(repository, layers, { 'org.opencontainers.image.version': 'remote' });
    await repository.setTags(['stable'], image);
    const reference = `docker://${registry.host}/os:stable`;
    const settings = { config: { source: '/config' }, upstream: { reference, digest: image.digest } };
    registry.log.length = 0;
    // A new session remembers nothing of what was pushed.
    const anew = silentSession();
    await using own = await openLayoutForWriting(work.oci);
    const previous = await findPrevious(anew, { ...work, settings }, own, target, undefined);
    expect(previous?.image.descriptor.digest).toBe(image.digest);
    const asked = registry.log.filter(({ path }) => path !== '/v2/').map(({ method, path }) => `${method} ${path}`);
    expect(asked).toEqual([
      `HEAD /v2/os/manifests/${image.digest}`,
      `GET /v2/os/manifests/${image.digest}`,
      `GET /v2/os/blobs/${previous?.image.manifest.config.digest}`,
    ]);
  });

  it('must be accepted by the policy, where it was not built here', async () => {
    await writeFile(join(work.root, 'policy.json'), JSON.stringify({ default: [{ type: 'reject' }] }));
    for (const wanted of [undefined, `oci:${directory}/upstream:stable`]) {
      await expect(find(wanted)).rejects.toMatchObject({ code: 'POLICY_REJECTED', exitStatus: 4 });
    }
    await store(work.oci, 'stable', 'released');
    expect(await find()).toBe('released');
    expect(await find('stable')).toBe('released');
  });

  it('is missed when it is gone', async () => {
    await rm(join(directory, 'upstream'), { recursive: true });
    await store(join(directory, 'upstream'), 'stable', 'newer');
    await expect(find()).rejects.toMatchObject({
      code: 'PREVIOUS_MISSING',
      exitStatus: 2,
      message: `the container that "cosa init" recorded is gone: oci:${directory}/upstream@${upstream.digest}`,
      hint: `build on what is there now, "--previous oci:${directory}/upstream:stable", or on nothing: --previous none`,
    });
  });
});
