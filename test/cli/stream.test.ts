import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ExampleBuild, examplePublishedImages } from '../publish/example-build.ts';
import { publishExample } from '../publish/publish-example.ts';
import { cosa } from './in-process.ts';

let directory: string;
let store: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-stream-'));
  store = pathToFileURL(directory).href;
});
afterEach(() => rm(directory, { recursive: true }));

/** A build as it lies in a store, of a container that is in no registry. */
async function publish(example: ExampleBuild): Promise<void> {
  const images = examplePublishedImages(example);
  delete images.container.image;
  await publishExample(directory, images);
}

describe('cosa stream update', () => {
  const update = (...args: readonly string[]) => cosa(['stream', 'update', store, '--quiet', ...args]);

  it('says what it would write, writes it, and finds it done', async () => {
    await publish({});
    expect(await update('--dry-run')).toEqual({
      status: 0,
      stdout:
        'would write prod/streams/stable/builds/13.0.0/release.json\nwould write prod/streams/stable/releases.json\n' +
        `would write streams/stable.json\nstream: ${store}/streams/stable.json\n`,
      stderr: '',
    });
    expect((await update()).stdout).toBe(
      'written: prod/streams/stable/builds/13.0.0/release.json\nwritten: prod/streams/stable/releases.json\n' +
        `written: streams/stable.json\nstream: ${store}/streams/stable.json\n`,
    );
    expect((await update()).stdout).toBe(`stable has 13.0.0 already\nstream: ${store}/streams/stable.json\n`);
  });

  it('takes the newest version, and an older one on purpose alone', async () => {
    await publish({ version: '13.0.9' });
    await publish({ version: '13.0.10', images: [['qemu', 'qcow2.xz']] });
    await update();
    const refused = await update('--version', '13.0.9');
    expect(refused).toMatchObject({ status: 4, stdout: '' });
    expect(refused.stderr).toBe(
      'error: the stream stable has qemu for x86_64 of version 13.0.10, which is newer than 13.0.9\n' +
        'hint: to go back to the older version on purpose, run the command with --allow-downgrade\n',
    );
    const { stdout } = await update('--version', '13.0.9', '--allow-downgrade', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      store,
      stream: 'stable',
      version: '13.0.9',
      architectures: ['x86_64'],
      address: `${store}/streams/stable.json`,
      documents: [{ changed: true }, { changed: true }, { key: 'streams/stable.json', changed: true }],
      others: [],
      dryRun: false,
    });
    await publish({ version: '13.0.11', images: [['qemu', 'qcow2.xz']] });
    expect((await update()).stdout).toContain('stable keeps metal for x86_64 of 13.0.9\n');
  });

  it('names files where --base-url says that people find them', async () => {
    await publish({});
    await update('--base-url', 'https://builds.example.com/os/');
    const text = await readFile(join(directory, 'streams/stable.json'), 'utf8');
    expect(text).toContain(
      '"location": "https://builds.example.com/os/prod/streams/stable/builds/13.0.0/x86_64/example-13.0.0-qemu.x86_64.qcow2.xz"',
    );
    expect(text).not.toContain('file:');
  });

  it('refuses an empty store and another stream', async () => {
    expect(await update()).toMatchObject({
      status: 2,
      stderr: `error: ${store} holds no published images\nhint: publish the images of a build first: cosa publish STORE\n`,
    });
    await publish({});
    expect(await update('--stream', 'next')).toMatchObject({
      status: 2,
      stderr:
        `error: ${store} holds no published images of the stream next\n` +
        'hint: publish the images of a build first: cosa publish STORE\n',
    });
  });
});
