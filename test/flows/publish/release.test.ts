import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { release } from '../../../src/flows/publish/release.ts';
import type { PipelineEvent } from '../../../src/progress/events.ts';
import type { Stream } from '../../../src/publish/metadata/stream.ts';
import { writeSettings } from '../../../src/workspace/work-directory.ts';
import { silentSession } from '../../helpers/session.ts';
import { buildRelease, imageMaker, releaseOptions } from './release-support.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-release-'));
});
afterAll(() => rm(base, { recursive: true }));

let directory: string;
let published: string;
let store: string;
beforeEach(async () => {
  directory = await mkdtemp(join(base, 'work-'));
  published = await mkdtemp(join(base, 'store-'));
  store = pathToFileURL(published).href;
});

const documents = [
  'prod/streams/stable/builds/1.0/release.json',
  'prod/streams/stable/releases.json',
  'streams/stable.json',
];

async function streamIn(root: string): Promise<Stream> {
  return JSON.parse(await readFile(join(root, 'streams/stable.json'), 'utf8')) as Stream;
}

describe('release', () => {
  it('says what it would do, does it, and finds it done', async () => {
    const { digest } = await buildRelease(directory);
    const planned = await release(silentSession(), imageMaker, releaseOptions(directory, store, { dryRun: true }));
    expect(planned).toMatchObject({
      stream: 'stable',
      version: '1.0',
      container: digest,
      images: [
        { platform: 'metal', format: 'raw.gz', present: false },
        { platform: 'qemu', format: 'qcow2.gz', present: false },
      ],
      published: undefined,
      tag: { reference: `oci:${directory}/oci:1.0`, changed: true },
      documents,
    });
    expect(await readdir(published)).toEqual([]);
    expect(await readdir(directory)).not.toContain('images');

    const done = await release(silentSession(), imageMaker, releaseOptions(directory, store));
    expect(done.documents).toEqual(documents);
    expect(done.published?.images.map(({ platform, format }) => `${platform} ${format}`)).toEqual([
      'metal raw.gz',
      'qemu qcow2.gz',
    ]);
    const stream = await streamIn(published);
    expect(Object.keys(stream.architectures.x86_64?.artifacts ?? {})).toEqual(['metal', 'qemu']);

    const events: PipelineEvent[] = [];
    const session = { ...silentSession(), events: (event: PipelineEvent) => void events.push(event) };
    const again = await release(session, imageMaker, releaseOptions(directory, store));
    expect(again).toMatchObject({ documents: [], tag: { changed: false }, published: { changed: false } });
    expect(again.images.every(({ present }) => present)).toBe(true);
    const dry = await release(silentSession(), imageMaker, releaseOptions(directory, store, { dryRun: true }));
    expect(dry).toMatchObject({ documents: [], tag: { changed: false }, published: { changed: false } });
  });

  it('releases the next version, and the one before on purpose alone', async () => {
    const settings = { platforms: ['qemu'] };
    await buildRelease(directory, { settings });
    await release(silentSession(), imageMaker, releaseOptions(directory, store));
    await buildRelease(directory, { settings, version: '1.1' });
    await release(silentSession(), imageMaker, releaseOptions(directory, store));
    expect((await streamIn(published)).architectures.x86_64?.artifacts.qemu?.release).toBe('1.1');
    await buildRelease(directory, { settings, version: '1.0' });
    const back = release(silentSession(), imageMaker, releaseOptions(directory, store));
    await expect(back).rejects.toMatchObject({ code: 'STREAM_OLDER', exitStatus: 4 });
    await release(silentSession(), imageMaker, releaseOptions(directory, store, { allowDowngrade: true }));
    expect((await streamIn(published)).architectures.x86_64?.artifacts.qemu?.release).toBe('1.0');
  });
});

describe('what cannot be released is refused before anything is made', () => {
  const refused = async (options: Parameters<typeof releaseOptions>[2], error: object) => {
    const released = release(silentSession(), imageMaker, releaseOptions(directory, store, options));
    await expect(released).rejects.toMatchObject(error);
    expect(await readdir(directory)).not.toContain('images');
  };

  it('a container that is not promoted', async () => {
    const { digest } = await buildRelease(directory, { tags: ['stable-candidate'] });
    await refused(
      { from: 'stable-candidate' },
      {
        code: 'RELEASE_NOT_PROMOTED',
        exitStatus: 4,
        message: `${digest} is not promoted: oci:${directory}/oci:stable does not exist`,
        hint: `promote it first: cosa promote oci:${directory}/oci:stable --from oci:${directory}/oci@${digest}`,
      },
    );
    await buildRelease(directory, { version: '1.1' });
    await refused({ from: 'stable-candidate' }, { code: 'RELEASE_NOT_PROMOTED' });
  });

  it('a container without the tests that it asks for', async () => {
    const { digest } = await buildRelease(directory, { settings: { platforms: ['qemu'], require: ['basic'] } });
    await refused(
      {},
      {
        code: 'TESTS_NOT_PASSED',
        exitStatus: 4,
        message: `${digest} is not released: basic has not been run for it`,
      },
    );
  });

  it('a container with a bad release.json', async () => {
    await buildRelease(directory, { settings: { platforms: 'qemu' } });
    await refused(
      {},
      {
        code: 'RELEASE_SETTINGS_INVALID',
        exitStatus: 4,
        message:
          '/usr/share/coreos-assembler/release.json in the container: platforms: Invalid input: expected array, received string',
      },
    );
  });

  it('a platform that nobody knows', async () => {
    await buildRelease(directory);
    await refused({ platforms: ['qmu'] }, { code: 'PLATFORM_UNKNOWN', exitStatus: 2 });
  });

  it('another container under a version that is there', async () => {
    await buildRelease(directory, { tags: ['1.0'], name: 'first' });
    await buildRelease(directory);
    await refused({}, { code: 'TAG_MOVED', exitStatus: 4 });
  });

  it('another product in the place of a stream', async () => {
    await buildRelease(directory, { settings: { platforms: ['qemu'] } });
    await release(silentSession(), imageMaker, releaseOptions(directory, store));
    directory = await mkdtemp(join(base, 'work-'));
    await buildRelease(directory, { name: 'other-os', version: '2.0' });
    await refused({}, { code: 'STREAM_OTHER_PRODUCT', exitStatus: 4 });
  });

  it('a stream that nobody names', async () => {
    await writeSettings(directory, { config: { source: '/config' } });
    await refused({}, { code: 'RELEASE_STREAM', exitStatus: 2 });
  });
});
