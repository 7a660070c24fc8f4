import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BaseDisk } from '../../src/disk/base-disk/types.ts';
import { makeBaseDisk, openBaseDisk } from '../../src/disk/base-disk.ts';
import { imageThreads } from '../../src/disk/image-threads.ts';
import { liveFilesystems } from '../../src/disk/live/filesystems.ts';
import { installPayload } from '../../src/disk/live/install-payload.ts';
import { mebibyte } from '../../src/disk/partitions/region.ts';
import { planDisk } from '../../src/disk/partitions.ts';
import { platformDisk } from '../../src/disk/platform-disk.ts';
import { findEntries } from '../../src/exec/tools/find.ts';
import { readXattrs } from '../../src/exec/tools/getfattr.ts';
import { digestOf } from '../../src/lib/digest.ts';
import type { Xattr } from '../../src/lib/xattr.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { readImage } from '../../src/oci/image.ts';
import { openLayout, openLayoutForWriting } from '../../src/oci/layout.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/types.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { makeTestContainer } from '../helpers/container.ts';
import { storeImageOf } from '../helpers/image.ts';
import { makeLiveFilesystem } from '../helpers/live-filesystem.ts';
import { withMounted } from '../helpers/mounted.ts';
import { makeOsTree } from '../helpers/os-tree.ts';
import { type Entry, entry, tarOf } from '../helpers/ostree-layers.ts';

const contexts = [
  '/.* system_u:object_r:default_t:s0',
  '/ -d system_u:object_r:root_t:s0',
  '/boot(/.*)? system_u:object_r:boot_t:s0',
  '/boot/ostree/.*/vmlinuz-.* -- system_u:object_r:kernel_t:s0',
  '/etc(/.*)? system_u:object_r:etc_t:s0',
  '/etc/ostree/.* system_u:object_r:ostree_etc_t:s0',
  '/home(/.*)? system_u:object_r:home_t:s0',
  '/lost\\+found -d system_u:object_r:lost_found_t:s0',
  '/boot/lost\\+found -d system_u:object_r:lost_found_t:s0',
  '/mnt -d system_u:object_r:mnt_t:s0',
  '/ostree(/.*)? system_u:object_r:ostree_t:s0',
  '/ostree/boot\\.1 -l system_u:object_r:ostree_link_t:s0',
  '/usr(/.*)? system_u:object_r:usr_t:s0',
  '/var(/.*)? system_u:object_r:var_t:s0',
  '/var/data -d system_u:object_r:srv_t:s0',
  '/var/lib(/.*)? system_u:object_r:var_lib_t:s0',
  '',
].join('\n');

const policy = {
  'usr/etc/selinux/config': 'SELINUX=enforcing\nSELINUXTYPE=pond\n',
  'usr/etc/selinux/pond/contexts/files/file_contexts': contexts,
  'usr/etc/selinux/pond/contexts/files/file_contexts.subs': '/var/home /home\n',
  'usr/etc/sub/größe': 'text\n',
  'usr/etc/sub/empty': '',
  'var/lib/state/file': 'text\n',
  'usr/share/coreos-assembler/disk.json': JSON.stringify({
    partitions: [
      { label: 'data', size: '64MiB', filesystem: 'ext4', mount: '/var/data' },
      { label: 'spare', size: '64MiB', filesystem: 'ext4' },
    ],
  }),
};

let directory: string;
let labelled: Awaited<ReturnType<typeof diskOf>>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-disk-labels-'));
  labelled = await diskOf('labelled', policy, { labelVersion: 0 });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface SmallSystem {
  /** Undefined for one without labels. */
  labelVersion?: 0 | 1;
  rootfs?: string;
  /** A layer that somebody puts on top. */
  layer?: Entry[];
}

/** A disk of a small system. @returns the base, and files with its filesystems by partition */
async function diskOf(
  name: string,
  files: Record<string, string>,
  { layer, rootfs = 'ext4', ...version }: SmallSystem = {},
) {
  const tree = join(directory, name, 'tree');
  await makeOsTree(tree, { files, imageConfig: { rootfs, size: 1 } });
  const layout = join(directory, name, 'oci');
  const system = await makeTestContainer({ layout, tag: 'test', root: tree, ...version });
  const descriptor = layer === undefined ? system : await derive(layout, system, tarOf(layer));
  const reader = await openLayout(layout);
  const image = await readImage(reader, descriptor);
  const path = join(directory, name, 'base');
  await mkdir(path);
  const container = {
    ...{ digest: descriptor.digest, name: 'test-os', version: '1.0', timestamp: 1_700_000_000 },
    architecture: 'x86_64' as const,
  };
  await makeBaseDisk({ reader, image, container, sectorSize: 512 }, path, silentReporter());
  const base = await openBaseDisk(path);
  const filesystems: Record<string, string> = {};
  for (const partition of ['boot', 'root', 'data', 'spare'])
    filesystems[partition] = await partitionFile(base, partition, path);
  await base[Symbol.asyncDispose]();
  return { base, filesystems, tree, path };
}

async function derive(layout: string, system: Descriptor, tar: Buffer): Promise<Descriptor> {
  await using store = await openLayoutForWriting(layout);
  const { manifest, config } = await readImage(store, system);
  const layers = [...manifest.layers, await storeBytes(store, tar, mediaTypes.layer)];
  return await storeImageOf(store, layers, [...config.rootfs.diff_ids, digestOf(tar)], config.config?.Labels ?? {});
}

/** The disk that a virtual machine gets, and where its partitions are. */
async function diskAndPlan(base: BaseDisk) {
  const console = { kernel_arguments: [], grub_commands: [] };
  const platform = { name: 'qemu', ignitionPlatform: 'qemu', console };
  const disk = await platformDisk(base, platform, 'least', new AbortController().signal);
  const { sectorSize, rootBytes, partitions, container } = base;
  return { disk, plan: planDisk(partitions, { container: container.digest, sectorSize, size: 'least', rootBytes }) };
}

async function partitionFile(base: BaseDisk, partition: string, path: string): Promise<string> {
  const { disk, plan } = await diskAndPlan(base);
  const { offset, size } = plan.partition(partition);
  const file = join(path, partition);
  await using handle = await open(file, 'w');
  for (const extent of disk.extents) {
    const from = Math.max(extent.offset, offset);
    const to = Math.min(extent.offset + extent.length, offset + size);
    for (let at = from; at < to; at += mebibyte) {
      const bytes = Buffer.alloc(Math.min(mebibyte, to - at));
      await disk.read(at, bytes);
      await handle.write(bytes, 0, bytes.length, at - offset);
    }
  }
  await truncate(file, size);
  return file;
}

/** The contexts of everything in a filesystem, by path. */
async function contextsIn(filesystem: string, check = ['e2fsck', '-fn']): Promise<Map<string, string>> {
  execFileSync('env', [...check, filesystem], { stdio: 'pipe' });
  return withMounted(filesystem, async (place) => {
    const paths = (await findEntries(place)).map(({ path }) => path);
    const xattrs = await readXattrs(place);
    return new Map(paths.map((path) => [path, labelIn(xattrs.get(path))]));
  });
}

function labelIn(xattrs: readonly Xattr[] = []): string {
  const label = xattrs.find(({ name }) => name === 'security.selinux');
  return label === undefined ? 'none' : String(label.value).replace(/^system_u:object_r:(.*):s0\0$/, '$1');
}

describe('the labels of a disk', () => {
  it('are on every inode of every filesystem, as the running system looks it up', async () => {
    const { base, filesystems } = labelled;
    const { commit, deployment } = base;
    const root = await contextsIn(filesystems.root as string);
    const os = '/ostree/deploy/test-os';
    const deployed = `${os}/deploy/${commit}.0`;
    const objects = /^\/ostree\/repo\/objects\/..\/.*\.file$/;
    const expected: Record<string, string> = {
      '/': 'root_t',
      '/.coreos-aleph-version.json': 'default_t',
      '/boot': 'boot_t',
      '/lost+found': 'lost_found_t',
      '/ostree': 'ostree_t',
      '/ostree/boot.1': 'ostree_link_t',
      [`/ostree/boot.1.1/test-os/${deployment.bootChecksum}/0`]: 'ostree_t',
      '/ostree/repo/config': 'ostree_t',
      [`/ostree/repo/objects/${commit.slice(0, 2)}/${commit.slice(2)}.commit`]: 'ostree_t',
      [deployed]: 'root_t',
      [`${deployed}.origin`]: 'ostree_etc_t',
      // As the commit has it, and a copy for the machine.
      [`${deployed}/usr/etc/sub/größe`]: 'usr_t',
      [`${deployed}/etc`]: 'etc_t',
      [`${deployed}/etc/sub/größe`]: 'etc_t',
      [`${deployed}/etc/sub/empty`]: 'etc_t',
      [`${deployed}/sysroot`]: 'default_t',
      [`${deployed}/proc`]: 'mnt_t',
      [`${os}/backing/${commit}.0/root-transient/upper`]: 'root_t',
      [`${os}/backing/${commit}.0/root-transient/work`]: 'ostree_t',
      [`${os}/var`]: 'var_t',
      [`${os}/var/.ostree-selabeled`]: 'var_t',
      [`${os}/var/lib/state/file`]: 'var_lib_t',
    };
    for (const [path, type] of Object.entries(expected)) expect([path, root.get(path)]).toEqual([path, type]);
    expect([...root].filter(([, type]) => type === 'none')).toEqual([]);
    // Objects are what the commit says: what they are called says nothing.
    const types = new Set([...root].filter(([path]) => objects.test(path)).map(([, type]) => type));
    expect([...types].sort()).toEqual(['ostree_t', 'usr_t', 'var_lib_t']);

    const boot = await contextsIn(filesystems.boot as string);
    const kernel = `/ostree/test-os-${deployment.bootChecksum}`;
    expect(boot.get('/')).toBe('boot_t');
    expect(boot.get('/boot')).toBe('boot_t');
    expect(boot.get('/lost+found')).toBe('lost_found_t');
    expect(boot.get(`${kernel}/vmlinuz-${deployment.kernelRelease}`)).toBe('kernel_t');
    expect(boot.get(`${kernel}/initramfs-${deployment.kernelRelease}.img`)).toBe('boot_t');
    expect([...boot].filter(([, type]) => type === 'none')).toEqual([]);

    expect(Object.fromEntries(await contextsIn(filesystems.data as string))).toEqual({
      '/': 'srv_t',
      '/lost+found': 'var_t',
    });
    expect((await contextsIn(filesystems.spare as string)).get('/')).toBe('mnt_t');
  });

  it('are those that matchpathcon says', async () => {
    const { base, filesystems, tree } = labelled;
    const spec = join(tree, 'usr/etc/selinux/pond/contexts/files/file_contexts');
    const boot = await contextsIn(filesystems.boot as string);
    const etc = `/ostree/deploy/test-os/deploy/${base.commit}.0/etc`;
    const root = await contextsIn(filesystems.root as string);
    const found = [
      ...[...boot].map(([path, type]) => [join('/boot', path), type] as const),
      ...[...root].flatMap(([path, type]) => {
        if (path.startsWith(`${etc}/`)) return [[path.slice(etc.length - '/etc'.length), type] as const];
        return /^\/ostree\/(deploy\/|repo\/objects\/.*\.file$)/.test(path) ? [] : [[path, type] as const];
      }),
    ].filter(([, type]) => type !== 'kernel_t' && type !== 'ostree_link_t');
    const kinds = found.map(([path]) => (/lost\+found$|^\/(mnt)?$/.test(path) ? 'dir' : 'file'));
    for (const kind of ['dir', 'file']) {
      const those = found.filter((_, index) => kinds[index] === kind);
      const args = ['-n', '-m', kind, '-f', spec, ...those.map(([path]) => path)];
      const expected = execFileSync('matchpathcon', args, { encoding: 'utf8' }).trim().split('\n');
      expect(those.map(([, type]) => `system_u:object_r:${type}:s0`)).toEqual(expected);
    }
  });

  it('are the same in a root that the host has made', async () => {
    const { filesystems } = await diskOf('xfs', policy, { labelVersion: 0, rootfs: 'xfs' });
    // Names of what knows the filesystem's kind are others, and only some filesystems have a place for lost files.
    const typesOf = (contexts: Map<string, string>) =>
      [...contexts].flatMap(([path, type]) => {
        const name = path.replace(/\/objects\/..\//, '/objects/HH/').replace(/[0-9a-f]{62,64}/g, 'HASH');
        return /lost\+found|\/objects\/..$/.test(path) ? [] : [`${name} ${type}`];
      });
    const found = typesOf(await contextsIn(filesystems.root as string, ['xfs_repair', '-n', '-f']));
    expect(found.sort()).toEqual(typesOf(await contextsIn(labelled.filesystems.root as string)).sort());
  });

  it.each(liveFilesystems)('are those of a disk in live media, whose root is in $name', async (filesystem) => {
    await using base = await openBaseDisk(labelled.path);
    const { disk, plan } = await diskAndPlan(base);
    using threads = imageThreads({ size: 2 });
    const metal = { source: disk, sectorSize: base.sectorSize, root: plan.partition('root') };
    const { signal } = new AbortController();
    const description = ['test-os', '1.0', 'x86_64'] as const;
    const files = await installPayload({ metal, others: [], description, threads, signal });
    const image = join(directory, filesystem.name);
    await makeLiveFilesystem(filesystem, image, files);
    const root = `${image}.root`;
    await withMounted(image, (place) => execFileSync('cp', ['--sparse=always', join(place, 'root.img'), root]));
    expect(await contextsIn(root)).toEqual(await contextsIn(labelled.filesystems.root as string));
  });

  it('are those of its place for what a layer has put on a labelled system', async () => {
    const layer = [
      entry('usr/share/new', {}, 'new'),
      entry('etc/new.conf', {}, 'new'),
      entry('var/lib/new/', { type: 'directory', mode: 0o755 }),
      entry('home/', { type: 'directory', mode: 0o755 }),
    ];
    const { base, filesystems } = await diskOf('derived', policy, { labelVersion: 0, layer });
    const root = await contextsIn(filesystems.root as string);
    const os = '/ostree/deploy/test-os';
    const deployed = `${os}/deploy/${base.commit}.0`;
    const found = [
      ...['/usr/share/new', '/usr/etc/new.conf', '/etc/new.conf', '/home', '/etc/sub/größe'].map(
        (path) => deployed + path,
      ),
      `${os}/var/lib/new`,
    ].map((path) => root.get(path));
    expect(found).toEqual(['usr_t', 'usr_t', 'etc_t', 'home_t', 'etc_t', 'var_lib_t']);
    expect([...root].filter(([, type]) => type === 'none')).toEqual([]);
  });

  it('are none where the commit has none, though there is a policy', async () => {
    const { base, filesystems } = await diskOf('plain', policy);
    expect(base.bootContexts.size).toBe(0);
    for (const file of Object.values(filesystems)) {
      expect([...(await contextsIn(file))].filter(([, type]) => type !== 'none')).toEqual([]);
    }
  });

  it('are not made by a policy that cannot be used', async () => {
    const broken = { ...policy, 'usr/etc/selinux/pond/contexts/files/file_contexts.local': '/a(x u:r:t\n' };
    const making = diskOf('broken', broken, { labelVersion: 0 });
    await expect(making).rejects.toMatchObject({
      code: 'SELINUX_POLICY',
      message:
        'line 1 of /usr/etc/selinux/pond/contexts/files/file_contexts.local has a pattern that cannot be used, /a(x: this group has no ")"',
    });
  });
});
