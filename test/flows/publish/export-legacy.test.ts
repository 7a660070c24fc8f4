import { mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatRecord } from '../../../src/disk/record.ts';
import { exportLegacy } from '../../../src/flows/publish/export-legacy.ts';
import { type Digest, digestHex, sha256Hex } from '../../../src/lib/digest.ts';
import { openArchive } from '../../../src/oci/archive.ts';
import type { PipelineEvent } from '../../../src/progress/events.ts';
import { createPipeline } from '../../../src/progress/step.ts';
import { silentSession } from '../../helpers/session.ts';
import { startTestingRegistry } from '../../helpers/testing-registry.ts';
import { upstreamMetaSchema } from '../../publish/legacy/meta-schema.ts';
import { openWorkScene, storeSystem, type WorkScene } from './support.ts';

const session = silentSession();
const isUpstreams = new Ajv({ strict: false }).compile(upstreamMetaSchema);

let scene: WorkScene;
beforeEach(async () => {
  scene = await openWorkScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

const write = (options: { from?: string; repository?: string; dryRun?: boolean; to?: string } = {}) => {
  const { to = scene.outside, dryRun = false, ...rest } = options;
  return exportLegacy(session, { directory: scene.work.root, destination: to, store: {}, dryRun, ...rest });
};

const json = async (...path: string[]) => JSON.parse(await readFile(join(scene.outside, 'builds', ...path), 'utf8'));

/** Every file below a directory with its bytes and when it was written. */
async function contentOf(directory: string): Promise<readonly (readonly [string, string, number])[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.sort().map(async (path) => [path, await readFile(path, 'base64'), (await stat(path)).mtimeMs] as const),
  );
}

/** A disk image with its record, as `cosa image build` leaves it. */
async function diskImage(container: Digest, version: string, format: string, content: string): Promise<string> {
  const directory = join(scene.work.images, version);
  await mkdir(directory, { recursive: true });
  const name = `debian-coreos-${version}-qemu.x86_64.${format}`;
  await writeFile(join(directory, name), content);
  const compressed = format.endsWith('.xz') ? { 'uncompressed-size': 9, 'uncompressed-sha256': 'ab'.repeat(32) } : {};
  const record = formatRecord({
    name: 'debian-coreos',
    version,
    platform: 'qemu',
    architecture: 'x86_64',
    format,
    files: [{ role: 'disk', name, size: content.length, sha256: sha256Hex(content), ...compressed }],
    'disk-size': 1024,
    container: { digest: container, 'ostree-commit': 'c0'.repeat(32) },
    ignition: { platform: 'qemu', support: 'known' },
    rootfs: 'ext4',
    'host-tools': [],
    key: 'k',
  });
  await writeFile(join(directory, `${name}.json`), record);
  return name;
}

describe('exportLegacy', () => {
  it('writes what upstream reads: the container, its disk images, records and the link to the newest', async () => {
    const { digest } = await storeSystem(scene.work.oci, '13.1');
    await diskImage(digest, '13.1', 'qcow2', 'uncompressed');
    const name = await diskImage(digest, '13.1', 'qcow2.xz', 'compressed');
    const exported = await write();
    expect(exported).toMatchObject({
      id: '13.1',
      architecture: 'x86_64',
      digest,
      changed: true,
      repository: undefined,
    });
    const meta = await json('13.1/x86_64/meta.json');
    expect(isUpstreams(meta), JSON.stringify(isUpstreams.errors)).toBe(true);
    const archive = 'debian-coreos-13.1-ostree.x86_64.ociarchive';
    expect(meta).toMatchObject({
      buildid: '13.1',
      'ostree-commit': 'c0'.repeat(32),
      images: {
        ostree: { path: archive },
        'oci-manifest': { sha256: digestHex(digest) },
        qemu: { path: name, size: 10 },
      },
    });
    for (const { path, sha256, size } of Object.values<{ path: string; sha256: string; size: number }>(meta.images)) {
      const content = await readFile(join(scene.outside, 'builds/13.1/x86_64', path));
      expect({ path, sha256: sha256Hex(content), size: content.length }).toEqual({ path, sha256, size });
    }
    const reader = await openArchive(join(scene.outside, 'builds/13.1/x86_64', archive));
    expect((await reader.resolveTag('13.1'))?.digest).toBe(digest);
    expect(await json('builds.json')).toEqual({
      'schema-version': '1.0.0',
      builds: [{ id: '13.1', arches: ['x86_64'] }],
      timestamp: '2026-01-02T03:04:05Z',
    });
    expect(await readlink(join(scene.outside, 'builds/latest'))).toBe('13.1');
  });

  it('changes nothing the second time, and points to the newest whatever comes later', async () => {
    await storeSystem(scene.work.oci, '13.1');
    await storeSystem(scene.work.oci, '13.2');
    await write();
    const before = await contentOf(scene.outside);
    expect(await write()).toMatchObject({ changed: false, files: [{ present: true }, { present: true }] });
    expect(await contentOf(scene.outside)).toEqual(before);
    await write({ from: '13.1', to: new URL(`file://${scene.outside}`).href });
    expect((await json('builds.json')).builds.map(({ id }: { id: string }) => id)).toEqual(['13.2', '13.1']);
    expect(await readlink(join(scene.outside, 'builds/latest'))).toBe('13.2');
  });

  it('only says what it would write', async () => {
    await storeSystem(scene.work.oci, '13.1');
    expect(await write({ dryRun: true })).toMatchObject({
      changed: true,
      files: [
        { artifact: 'ostree', name: 'debian-coreos-13.1-ostree.x86_64.ociarchive', size: undefined, present: false },
        { artifact: 'oci-manifest', present: false },
      ],
    });
    await expect(readdir(scene.outside)).rejects.toMatchObject({ code: 'ENOENT' });
    await write();
    expect(await write({ dryRun: true })).toMatchObject({ changed: false });
  });

  it('loses no entry of those who write at once', async () => {
    const versions = ['13.1', '13.2', '13.3', '13.4'];
    for (const version of versions) await storeSystem(scene.work.oci, version);
    await Promise.all(versions.map((from) => write({ from })));
    expect((await json('builds.json')).builds.map(({ id }: { id: string }) => id)).toEqual(versions.toReversed());
    expect(await readlink(join(scene.outside, 'builds/latest'))).toBe('13.4');
  });

  it('names the registry that has it, with one tag that moves and that of the version', async () => {
    await using registry = await startTestingRegistry();
    const { digest } = await storeSystem(scene.work.oci, '13.1');
    const place = `docker://${registry.host}/os/example`;
    await expect(write({ repository: place })).rejects.toMatchObject({
      code: 'LEGACY_REGISTRY',
      exitStatus: 2,
      message: `${place} does not hold the container ${digest}`,
      hint: `bring it there first: cosa push ${place}`,
    });
    await expect(write({ repository: 'oci:elsewhere' })).rejects.toMatchObject({
      code: 'LEGACY_REGISTRY',
      message: 'oci:elsewhere is no repository of a registry',
    });
    const { copyContainers } = await import('../../../src/flows/container/copy.ts');
    for (const tag of ['13.1', 'stable']) {
      const copy = { source: '13.1', destination: `${place}:${tag}`, all: true, platform: undefined, dryRun: false };
      await copyContainers(session, scene.work.root, copy);
    }
    expect(await write({ repository: place })).toMatchObject({ repository: `${registry.host}/os/example` });
    expect((await json('13.1/x86_64/meta.json'))['base-oscontainer']).toEqual({
      image: `${registry.host}/os/example`,
      digest,
      tags: ['stable', '13.1'],
    });
  });

  it('warns where no registry is known', async () => {
    await storeSystem(scene.work.oci, '13.1');
    const events: PipelineEvent[] = [];
    const telling = { ...session, ...createPipeline((event) => events.push(event), session.signal) };
    await exportLegacy(telling, { directory: scene.work.root, destination: scene.outside, store: {}, dryRun: false });
    expect(events).toContainEqual({
      type: 'warning',
      message: 'the record names no registry: release tools that ask for base-oscontainer find none',
      hint: 'name the repository that has the container: --repository docker://HOST/REPOSITORY',
    });
  });

  it('overwrites nothing that it does not understand', async () => {
    await storeSystem(scene.work.oci, '13.1');
    await mkdir(join(scene.outside, 'builds'), { recursive: true });
    const list = join(scene.outside, 'builds/builds.json');
    await writeFile(list, '{"builds": [');
    await expect(write()).rejects.toMatchObject({ code: 'METADATA_INVALID', exitStatus: 4 });
    expect(await readFile(list, 'utf8')).toBe('{"builds": [');
    await writeFile(list, '{"schema-version": "2.0.0"}');
    await expect(write()).rejects.toMatchObject({ code: 'LEGACY_RECORD_NEWER', exitStatus: 4 });
    await writeFile(list, '{"schema-version": "1.0.0", "builds": [], "theirs": 1}');
    await write();
    expect(await json('builds.json')).toMatchObject({ theirs: 1, builds: [{ id: '13.1' }] });
  });

  it('lets a version be one build', async () => {
    await storeSystem(scene.work.oci, '13.1', { layers: ['one'] });
    await write();
    const before = await contentOf(scene.outside);
    await storeSystem(scene.work.oci, '13.1', { layers: ['two'] });
    await expect(write()).rejects.toMatchObject({ code: 'LEGACY_BUILD_DIFFERS', exitStatus: 4 });
    expect(await contentOf(scene.outside)).toEqual(before);
  });

  it('records nothing of a disk image that is not what its record says', async () => {
    const { digest } = await storeSystem(scene.work.oci, '13.1');
    const name = await diskImage(digest, '13.1', 'qcow2', 'as it was');
    await writeFile(join(scene.work.images, '13.1', name), 'as it WAS');
    await expect(write()).rejects.toMatchObject({ code: 'UPLOAD_SOURCE_CHANGED', exitStatus: 4 });
    await expect(readFile(join(scene.outside, 'builds/builds.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('takes what was there of a killed run, and overwrites nothing else that has its name', async () => {
    const { digest } = await storeSystem(scene.work.oci, '13.1');
    const name = await diskImage(digest, '13.1', 'qcow2', 'the image');
    const there = join(scene.outside, 'builds/13.1/x86_64', name);
    await mkdir(join(scene.outside, 'builds/13.1/x86_64'), { recursive: true });
    await writeFile(there, 'no image ');
    await expect(write()).rejects.toMatchObject({
      code: 'LEGACY_BUILD_DIFFERS',
      exitStatus: 4,
      message: `file://${there} is there already, with other content`,
    });
    expect(await readFile(there, 'utf8')).toBe('no image ');
    await writeFile(there, 'the image');
    expect(await write()).toMatchObject({ changed: true });
  });

  const incomplete: readonly [labels: Record<string, string>, code: string, message: string][] = [
    [{ 'ostree.commit': '' }, 'ANNOTATION_MISSING', 'odd has no label ostree.commit, which a record of a build needs'],
    [
      { 'ostree.commit': 'c0' },
      'ANNOTATION_INVALID',
      'odd has the label ostree.commit="c0", which cannot stand in a record of a build',
    ],
    [
      { 'com.coreos.osname': '../os' },
      'ANNOTATION_INVALID',
      'odd has the label com.coreos.osname="../os", which cannot stand in a record of a build',
    ],
    [
      { 'org.opencontainers.image.version': '1/2' },
      'ANNOTATION_INVALID',
      'odd has the label org.opencontainers.image.version="1/2", which cannot stand in a record of a build',
    ],
  ];
  it.each(incomplete)('refuses a container with %j', async (labels, code, message) => {
    await storeSystem(scene.work.oci, '13.1', { labels, tags: ['odd'] });
    await expect(write({ from: 'odd' })).rejects.toMatchObject({ code, exitStatus: 4, message });
  });
});
