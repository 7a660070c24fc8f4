import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ExampleBuild, examplePublishedImages } from '../publish/example-build.ts';
import { fixture } from '../publish/fixture.ts';
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

describe('cosa stream show', () => {
  const show = (...args: readonly string[]) =>
    cosa(['-C', directory, 'stream', 'show', fixture('stream.json').pathname, ...args]);

  it('lists the images of a stream of Fedora CoreOS', async () => {
    const { stdout, status } = await show('--arch', 'aarch64');
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'stable, changed 2026-01-20T09:30:00Z',
      '',
      'ARCHITECTURE  PLATFORM  FORMAT     VERSION',
      'aarch64       aws       vmdk.xz    41.20260110.3.0',
      'aarch64       gcp       tar.gz     41.20260110.3.0',
      'aarch64       metal     4k.raw.xz  41.20260110.3.0',
      'aarch64       metal     iso        41.20260110.3.0',
      'aarch64       metal     pxe        41.20260110.3.0',
      'aarch64       metal     raw.xz     41.20260110.3.0',
      'aarch64       qemu      qcow2.xz   41.20260110.3.0',
      '',
    ]);
  });

  it.each([
    [['--platform', 'metal4k'], ['4k.raw.xz disk']],
    [['--platform', 'live-iso'], ['iso disk']],
    [
      ['--platform', 'live-pxe'],
      ['pxe kernel', 'pxe initramfs', 'pxe rootfs'],
    ],
    [['--platform', 'metal'], ['raw.xz disk']],
    [['--platform', 'metal', '--format', '4k.raw'], ['4k.raw.xz disk']],
    [['--platform', 'qemu', '--format', 'qcow2'], ['qcow2.xz disk']],
  ])('finds %j', async (args, expected) => {
    const { stdout } = await show('--arch', 'x86_64', '--json', ...args);
    const { artifacts } = JSON.parse(stdout) as { artifacts: { format: string; part: string }[] };
    expect(artifacts.map(({ format, part }) => `${format} ${part}`)).toEqual(expected);
  });

  it('prints location and checksum of an image', async () => {
    const { stdout } = await show('--platform', 'qemu', '--arch', 'x86_64');
    const address = 'https://builds.example.com/prod/streams/stable/builds/41.20260110.3.0/x86_64';
    expect(stdout).toMatch(/^qemu qcow2\.xz for x86_64, version 41\.20260110\.3\.0\n/);
    expect(stdout).toContain(`location:  ${address}/example-coreos-41.20260110.3.0-qemu.x86_64.qcow2.xz\n`);
    expect(stdout).toMatch(/\nsha256: {4}[0-9a-f]{64}\nunpacked: {2}[0-9a-f]{64}\nsignature: .*\.sig\n$/);
  });

  it('shows a hostile stream in one line each, without its control characters', async () => {
    const text = await readFile(fixture('stream.json'), 'utf8');
    const hostile = text.replaceAll('"https://builds.example.com/', '"https://x/\\u001b[2J\\n13.0.9\\u202e');
    await writeFile(join(directory, 'hostile.json'), hostile);
    const { stdout, status } = await cosa(
      ['-C', directory, 'stream', 'show', 'hostile.json', '--platform', 'qemu', '--arch', 'x86_64'],
      { terminal: true },
    );
    expect(status).toBe(0);
    expect(stdout).not.toContain('\u001b[2J');
    expect(stdout).not.toMatch(/^13\.0\.9|\u202e/m);
  });

  it.each([
    [['--platform', 'constructor'], 'error: the stream stable has no constructor\n'],
    [
      ['--arch', 'riscv64'],
      'error: the stream stable has no image for riscv64\nhint: its architectures: aarch64, x86_64\n',
    ],
  ])('refuses %j', async (args, message) => {
    const { stderr, status } = await show(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });

  it('refuses what is no stream', async () => {
    const { stderr, status } = await cosa(['-C', directory, 'stream', 'show', 'nowhere.json']);
    expect([status, stderr]).toEqual([2, `error: there is no file ${directory}/nowhere.json\n`]);
    expect((await cosa(['-C', directory, 'stream', 'show', store])).stderr).toContain(
      `error: ${store} has the metadata of no stream\n`,
    );
  });
});
