import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { readImage } from '../../../src/oci/image.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { ContentStore } from '../../../src/oci/store.ts';
import type { Annotations } from '../../../src/oci/types.ts';
import type { UnpackLimits } from '../../../src/ostree/unpack/limits.ts';
import { readFiles, readImageTree } from '../../../src/ostree/unpack/read-files.ts';
import { storeImage } from '../../helpers/image.ts';
import { listCommit } from '../../helpers/list-commit.ts';
import {
  contentEntries,
  contentObject,
  type Entry,
  entry,
  metadataEntries,
  objectName,
  sampleCommit,
  tarOf,
} from '../../helpers/ostree-layers.ts';
import { unpackInMemory } from '../../helpers/unpack-in-memory.ts';

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;
const owner = `${uid}:${gid}`;

const sample = sampleCommit([
  { path: '/lib', symlinkTarget: 'usr/lib' },
  { path: '/usr/bin/tool', content: 'tool', mode: 0o755 },
  { path: '/usr/lib/one', content: 'one' },
  { path: '/usr/lib/deep/two', content: 'two' },
  { path: '/usr/etc/base.conf', content: 'base' },
  { path: '/usr/etc/dir/a', content: 'a' },
  { path: '/var/lib/state', content: 'state' },
]);
const ostree = [metadataEntries(sample), sample.objects.flatMap(contentEntries)];
const labels = {
  'ostree.commit': sample.commit.checksum,
  'ostree.final-diffid': digestOf(tarOf(ostree[1] ?? [])),
  'org.opencontainers.image.version': '1.2',
  'org.opencontainers.image.created': '2024-01-02T03:04:05.678Z',
};

const directory = (path: string, header: Partial<Entry['header']> = {}) =>
  entry(`${path}/`, { type: 'directory', mode: 0o755, ...header });
const link = (path: string, linkTarget: string) => entry(path, { type: 'symlink', linkTarget });
const hardLink = (path: string, linkTarget: string) => entry(path, { type: 'hardlink', linkTarget });
const whiteout = (path: string) => entry(path.replace(/[^/]*$/, (name) => `.wh.${name}`));
const opaque = (path: string) => entry(`${path}/.wh..wh..opq`);

let scratch: string;
let store: ContentStore & AsyncDisposable;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-merge-'));
  store = await openLayoutForWriting(join(scratch, 'oci'));
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

async function imageOf(layers: readonly (readonly Entry[])[], imageLabels: Annotations) {
  return readImage(store, await storeImage(store, layers.map(tarOf), imageLabels));
}

/** The tree of the sample with these layers on top. */
async function derived(layers: readonly (readonly Entry[])[]): Promise<Record<string, string>> {
  return listCommit(await unpackInMemory(store, await imageOf([...ostree, ...layers], labels)));
}

/** The tree of an image of these layers alone. */
async function plain(layers: readonly (readonly Entry[])[]): Promise<Record<string, string>> {
  return listCommit(await unpackInMemory(store, await imageOf(layers, {})));
}

/** What every system has besides. */
const always = {
  '/boot': 'directory 755 0:0',
  '/dev': 'directory 755 0:0',
  '/ostree': 'symlink 777 0:0 -> sysroot/ostree',
  '/proc': 'directory 755 0:0',
  '/run': 'directory 755 0:0',
  '/sys': 'directory 755 0:0',
  '/sysroot': 'directory 755 0:0',
  '/tmp': 'directory 1777 0:0',
};

const baseTree = {
  ...always,
  '/': `directory 755 ${owner}`,
  '/lib': `symlink 777 ${owner} -> usr/lib`,
  '/usr': `directory 755 ${owner}`,
  '/usr/bin': `directory 755 ${owner}`,
  '/usr/bin/tool': `file 755 ${owner} "tool"`,
  '/usr/etc': `directory 755 ${owner}`,
  '/usr/etc/base.conf': `file 644 ${owner} "base"`,
  '/usr/etc/dir': `directory 755 ${owner}`,
  '/usr/etc/dir/a': `file 644 ${owner} "a"`,
  '/usr/lib': `directory 755 ${owner}`,
  '/usr/lib/deep': `directory 755 ${owner}`,
  '/usr/lib/deep/two': `file 644 ${owner} "two"`,
  '/usr/lib/one': `file 644 ${owner} "one"`,
  '/var': `directory 755 ${owner}`,
  '/var/lib': `directory 755 ${owner}`,
  '/var/lib/state': `file 644 ${owner} "state"`,
};

/** A tree with some lines of another value; `undefined`: not there. */
function changed(tree: Record<string, string>, changes: Record<string, string | undefined>): Record<string, string> {
  const lines = Object.entries({ ...tree, ...changes });
  return Object.fromEntries(lines.flatMap(([path, line]) => (line === undefined ? [] : [[path, line]])));
}

interface Case {
  name: string;
  layers: readonly (readonly Entry[])[];
  changes: Record<string, string | undefined>;
}

const tool = sample.objects[1] ?? expect.fail();

const cases: Case[] = [
  { name: 'an empty layer', layers: [[]], changes: {} },
  {
    name: 'a new file, and directories that no entry stands for',
    layers: [[entry('opt/new/file', { uid: 7, gid: 8, mode: 0o4711 }, 'new')]],
    changes: {
      '/opt': 'directory 755 0:0',
      '/opt/new': 'directory 755 0:0',
      '/opt/new/file': 'file 4711 7:8 "new"',
    },
  },
  {
    name: 'names with ./ and / in front',
    layers: [[directory('./'), entry('./usr/lib/a', {}, 'a'), entry('/usr//lib/./b', {}, 'b')]],
    changes: {
      '/': 'directory 755 0:0',
      '/usr/lib/a': 'file 644 0:0 "a"',
      '/usr/lib/b': 'file 644 0:0 "b"',
    },
  },
  {
    name: 'a changed file, and a file of a layer that a later one changes again',
    layers: [[entry('usr/lib/one', {}, '1'), entry('usr/lib/x', {}, '1')], [entry('usr/lib/x', {}, '2')]],
    changes: { '/usr/lib/one': 'file 644 0:0 "1"', '/usr/lib/x': 'file 644 0:0 "2"' },
  },
  {
    name: 'one name twice in a layer: the last counts',
    layers: [[entry('usr/lib/one', {}, '1'), entry('usr/lib/one', {}, '2')]],
    changes: { '/usr/lib/one': 'file 644 0:0 "2"' },
  },
  {
    name: '/etc, which is /usr/etc of a commit',
    layers: [[entry('etc/new.conf', {}, 'new'), whiteout('etc/base.conf'), entry('etc/dir/b', {}, 'b')]],
    changes: {
      '/usr/etc/base.conf': undefined,
      '/usr/etc/dir/b': 'file 644 0:0 "b"',
      '/usr/etc/new.conf': 'file 644 0:0 "new"',
    },
  },
  {
    name: "a directory's owner, mode and xattrs",
    layers: [[directory('usr/lib', { mode: 0o2750, gid: 5, xattrs: [{ name: 'user.a', value: Buffer.from('A') }] })]],
    changes: { '/usr/lib': 'directory 2750 0:5 user.a=41' },
  },
  {
    name: 'xattrs: those of container tools are dropped, and those without a value',
    layers: [
      [
        entry('usr/lib/x', {
          xattrs: [
            { name: 'security.capability', value: Buffer.from([1, 0, 255]) },
            { name: 'security.selinux', value: Buffer.from('x\0') },
            { name: 'trusted.overlay.opaque', value: Buffer.from('y') },
            { name: 'user.containers.override_stat', value: Buffer.from('y') },
            { name: 'user.overlay.opaque', value: Buffer.from('y') },
            { name: 'user.overlays', value: Buffer.from('mine') },
            { name: 'user.empty', value: Buffer.from('') },
          ],
        }),
      ],
    ],
    changes: {
      '/usr/lib/x': 'file 644 0:0 security.capability=0100ff security.selinux=7800 user.overlays=6d696e65 ""',
    },
  },
  {
    name: 'whiteouts of a file, of a directory, of nothing',
    layers: [[whiteout('usr/lib/one'), whiteout('usr/etc'), whiteout('etc/dir'), whiteout('nowhere/at/all')]],
    changes: { '/usr/lib/one': undefined, '/usr/etc/dir': undefined, '/usr/etc/dir/a': undefined },
  },
  {
    name: 'whiteouts, which hide nothing of their own layer, wherever they stand',
    layers: [
      [
        whiteout('usr/lib/one'),
        entry('usr/lib/one', {}, 'own'),
        entry('usr/bin/tool', {}, 'own'),
        whiteout('usr/bin/tool'),
      ],
    ],
    changes: { '/usr/bin/tool': 'file 644 0:0 "own"', '/usr/lib/one': 'file 644 0:0 "own"' },
  },
  {
    name: 'an opaque directory: what is below it, of lower layers, at whatever depth',
    layers: [
      [directory('usr/lib'), directory('usr/lib/deep'), entry('usr/lib/deep/own', {}, 'own'), opaque('usr/lib')],
    ],
    changes: {
      '/usr/lib': 'directory 755 0:0',
      '/usr/lib/deep': 'directory 755 0:0',
      '/usr/lib/deep/own': 'file 644 0:0 "own"',
      '/usr/lib/deep/two': undefined,
      '/usr/lib/one': undefined,
    },
  },
  {
    name: 'a whiteout of a directory that the layer makes anew',
    layers: [[whiteout('usr/lib/deep'), directory('usr/lib/deep'), entry('usr/lib/deep/own', {}, 'own')]],
    changes: {
      '/usr/lib/deep': 'directory 755 0:0',
      '/usr/lib/deep/own': 'file 644 0:0 "own"',
      '/usr/lib/deep/two': undefined,
    },
  },
  {
    name: 'a directory in the place of a file, and a file in that of a directory',
    layers: [[directory('usr/lib/one'), entry('usr/lib/one/x', {}, 'x'), entry('usr/lib/deep', {}, 'flat')]],
    changes: {
      '/usr/lib/deep': 'file 644 0:0 "flat"',
      '/usr/lib/deep/two': undefined,
      '/usr/lib/one': 'directory 755 0:0',
      '/usr/lib/one/x': 'file 644 0:0 "x"',
    },
  },
  {
    name: 'a way through a symbolic link of the base, and one of a layer with .. and a link that begins at the root',
    layers: [
      [entry('lib/three', {}, '3'), link('usr/lib/up', '../../../..//usr/./bin'), link('abs', '/lib/deep')],
      [entry('usr/lib/up/four', {}, '4'), entry('abs/five', {}, '5'), whiteout('lib/one')],
    ],
    changes: {
      '/abs': 'symlink 777 0:0 -> /lib/deep',
      '/usr/bin/four': 'file 644 0:0 "4"',
      '/usr/lib/deep/five': 'file 644 0:0 "5"',
      '/usr/lib/one': undefined,
      '/usr/lib/three': 'file 644 0:0 "3"',
      '/usr/lib/up': 'symlink 777 0:0 -> ../../../..//usr/./bin',
    },
  },
  {
    name: 'hard links: to a file of the layer, of the base, of /etc, through a link, to a symbolic link',
    layers: [
      [
        entry('usr/lib/new', { mode: 0o600 }, 'new'),
        hardLink('usr/lib/new2', 'usr/lib/new'),
        hardLink('usr/lib/tool2', '/usr/bin/tool'),
        hardLink('etc/copy', './etc/base.conf'),
        hardLink('usr/lib/three', 'lib/one'),
        hardLink('library', 'lib'),
      ],
    ],
    changes: {
      '/library': `symlink 777 ${owner} -> usr/lib`,
      '/usr/etc/copy': `file 644 ${owner} "base"`,
      '/usr/lib/new': 'file 600 0:0 "new"',
      '/usr/lib/new2': 'file 600 0:0 "new"',
      '/usr/lib/three': `file 644 ${owner} "one"`,
      '/usr/lib/tool2': `file 755 ${owner} "tool"`,
    },
  },
  {
    name: 'a changed object of the repository and its names, as builders write them that copy the whole root',
    layers: [
      [
        entry(objectName(tool.checksum, 'file'), { mode: 0o700 }, 'patched'),
        hardLink('usr/bin/tool', objectName(tool.checksum, 'file')),
      ],
    ],
    changes: { '/usr/bin/tool': 'file 700 0:0 "patched"' },
  },
  {
    name: 'what belongs to a running system, the repository and the boot filesystem: dropped',
    layers: [
      [
        entry('run/secrets/key', {}, 'secret'),
        directory('tmp', { mode: 0o1777 }),
        entry('tmp/x', {}, 'x'),
        entry('dev/null', { type: 'character-device' }),
        entry('proc/1', {}, 'x'),
        entry('sys/x', {}, 'x'),
        entry('boot/vmlinuz-6', {}, 'kernel'),
        entry('sysroot/ostree/repo/config', {}, 'evil'),
        entry(objectName('ab'.repeat(32), 'file'), {}, 'evil'),
        directory('ostree'),
        entry('ostree/repo/config', {}, 'evil'),
      ],
    ],
    changes: {},
  },
  {
    name: 'a file in the place of the link to the repository',
    layers: [[entry('ostree', {}, 'x')]],
    changes: {},
  },
  {
    name: 'content of /var, which becomes the first /var of a machine',
    layers: [[entry('var/lib/app/data', {}, 'data')]],
    changes: { '/var/lib/app': 'directory 755 0:0', '/var/lib/app/data': 'file 644 0:0 "data"' },
  },
  {
    name: 'what builds leave in /etc: empty files alone',
    layers: [[entry('etc/hostname'), entry('etc/resolv.conf', {}, 'nameserver 192.0.2.1\n')]],
    changes: { '/usr/etc/resolv.conf': 'file 644 0:0 "nameserver 192.0.2.1\\n"' },
  },
  {
    name: 'a device that a later layer removes, and files of a filesystem of old',
    layers: [
      [entry('usr/lib/pipe', { type: 'fifo' }), entry('.wh..wh.plnk/105.1'), entry('.wh..wh.aufs')],
      [whiteout('usr/lib/pipe')],
    ],
    changes: {},
  },
];

describe('a derived image', () => {
  it.each(cases)('may have $name', async ({ layers, changes }) => {
    expect(await derived(layers)).toEqual(changed(baseTree, changes));
  });

  it('is a commit of its own, the same from every reading, with what the image says of itself', async () => {
    const image = await imageOf([...ostree, [entry('usr/lib/x', {}, 'x')]], labels);
    const { commit } = await unpackInMemory(store, image);
    expect(commit).toMatchObject({ timestamp: 1_704_164_645, version: '1.2' });
    expect(commit.commit).not.toBe(sample.commit.checksum);
    expect((await readImageTree(store, image)).commit).toBe(commit.commit);
  });

  it('gives each content once, of the base also what is hidden, so that the base is complete', async () => {
    const image = await imageOf(
      [
        ...ostree,
        [entry('usr/lib/x', { uid, gid }, 'one'), entry('usr/lib/y', {}, 'old'), whiteout('usr/lib/deep')],
        [entry('usr/lib/y', {}, 'new')],
      ],
      labels,
    );
    const { contents } = await unpackInMemory(store, image);
    const bytes = contents.map((content) => String(content.bytes)).filter((text) => text !== '');
    expect(bytes).toEqual(['tool', 'one', 'two', 'base', 'a', 'state', 'new']);
  });

  it('has files that can be read alone, of its base and of its layers', async () => {
    const image = await imageOf([...ostree, [entry('etc/base.conf', {}, 'changed'), whiteout('usr/lib/one')]], labels);
    const paths = ['/usr/etc/base.conf', '/usr/bin/tool', '/usr/lib/one', '/lib'];
    const files = await readFiles(store, image, paths);
    expect(Object.fromEntries([...files].map(([path, bytes]) => [path, String(bytes)]))).toEqual({
      '/usr/bin/tool': 'tool',
      '/usr/etc/base.conf': 'changed',
    });
  });
});

describe('an ordinary image', () => {
  it('is a system of its layers alone', async () => {
    const layers = [
      [
        directory('etc'),
        entry('etc/os-release', {}, 'ID=x'),
        directory('usr'),
        entry('usr/bin/sh', {}, 'sh'),
        link('bin', 'usr/bin'),
      ],
      [entry('bin/ls', {}, 'ls'), whiteout('etc/os-release'), directory('run'), entry('boot/x')],
    ];
    expect(await plain(layers)).toEqual({
      ...always,
      '/': 'directory 755 0:0',
      '/bin': 'symlink 777 0:0 -> usr/bin',
      '/usr': 'directory 755 0:0',
      '/usr/bin': 'directory 755 0:0',
      '/usr/bin/ls': 'file 644 0:0 "ls"',
      '/usr/bin/sh': 'file 644 0:0 "sh"',
      '/usr/etc': 'directory 755 0:0',
    });
  });

  it('is one whose layers were put together anew, with the repository in them', async () => {
    const squashed = [
      entry('etc/base.conf', {}, 'base'),
      entry(objectName(tool.checksum, 'file'), { mode: 0o755 }, 'tool'),
      entry('sysroot/ostree/repo/config', {}, 'x'),
      hardLink('usr/bin/tool', objectName(tool.checksum, 'file')),
    ];
    const image = await imageOf([squashed], labels);
    expect(listCommit(await unpackInMemory(store, image))).toMatchObject({
      '/usr/bin/tool': 'file 755 0:0 "tool"',
      '/usr/etc/base.conf': 'file 644 0:0 "base"',
    });
  });
});

interface Hostile {
  name: string;
  layer: readonly Entry[];
  limits?: UnpackLimits;
  code?: string;
  message: string;
}

const generous = { contentBytes: 1_000_000, entries: 1000, paths: 1000, steps: 1000 };
const long = 'n'.repeat(256);

const hostileLayers: Hostile[] = [
  {
    name: 'a name that leads out',
    layer: [entry('usr/../../etc/passwd')],
    message: 'layer LAYER: entry "usr/../../etc/passwd" leads out of the image with ".."',
  },
  {
    name: 'a whiteout of ..',
    layer: [entry('usr/.wh...')],
    message: 'layer LAYER: entry "usr/.wh..." is a whiteout of ".."',
  },
  {
    name: 'a whiteout of .',
    layer: [entry('usr/.wh..')],
    message: 'layer LAYER: entry "usr/.wh.." is a whiteout of "."',
  },
  {
    name: 'a whiteout of nothing',
    layer: [entry('.wh.')],
    message: 'layer LAYER: entry ".wh." is a whiteout of ""',
  },
  {
    name: 'a whiteout with a slash',
    layer: [entry('usr/.wh.lib/one')],
    message: 'layer LAYER: entry "usr/.wh.lib/one" lies below the whiteout ".wh.lib"',
  },
  {
    name: 'a whiteout outside',
    layer: [entry('../.wh.etc')],
    message: 'layer LAYER: entry "../.wh.etc" leads out of the image with ".."',
  },
  {
    name: 'a whiteout that is a directory',
    layer: [directory('usr/.wh.lib')],
    message: 'layer LAYER: entry "usr/.wh.lib/" is a whiteout that is a directory',
  },
  {
    name: 'an opaque whiteout that is a link',
    layer: [link('usr/.wh..wh..opq', '/')],
    message: 'layer LAYER: entry "usr/.wh..wh..opq" is a whiteout that is a symlink',
  },
  {
    name: 'a file in the place of the root',
    layer: [link('./', '/etc')],
    message: 'layer LAYER: entry "./" is a symlink in the place of the root',
  },
  {
    name: 'a file below a file',
    layer: [entry('usr/lib/one/x')],
    message: 'layer LAYER: entry "usr/lib/one/x" lies below "one", which is a file',
  },
  {
    name: 'a file below a device',
    layer: [entry('dev/sda', { type: 'block-device' }), entry('dev/sda/x')],
    message: 'layer LAYER: entry "dev/sda/x" lies below "sda", which is a file',
  },
  {
    name: 'links in a circle',
    layer: [link('a', 'b'), link('b', 'a'), entry('a/x')],
    message: 'layer LAYER: entry "a/x" lies behind more than 40 symbolic links',
  },
  {
    name: 'a hard link that leads out',
    layer: [hardLink('usr/lib/x', '../../etc/shadow')],
    message: 'layer LAYER: entry "usr/lib/x" is a hard link to "../../etc/shadow", which leads out of the image',
  },
  {
    name: 'a hard link to nothing',
    layer: [hardLink('usr/lib/x', 'etc/shadow')],
    message: 'layer LAYER: entry "usr/lib/x" is a hard link to "etc/shadow", which is no file before it',
  },
  {
    name: 'a hard link to what comes later',
    layer: [hardLink('usr/lib/x', 'usr/lib/y'), entry('usr/lib/y')],
    message: 'layer LAYER: entry "usr/lib/x" is a hard link to "usr/lib/y", which is no file before it',
  },
  {
    name: 'a hard link to a directory',
    layer: [hardLink('usr/lib/x', 'usr/bin')],
    message: 'layer LAYER: entry "usr/lib/x" is a hard link to "usr/bin", which is no file before it',
  },
  {
    name: 'a hard link to the root',
    layer: [hardLink('usr/lib/x', '/')],
    message: 'layer LAYER: entry "usr/lib/x" is a hard link to "/", which is no file before it',
  },
  {
    name: 'a hard link to an object of the base, which no path of the container is',
    layer: [hardLink('usr/lib/x', objectName(tool.checksum, 'file'))],
    message: `layer LAYER: entry "usr/lib/x" is a hard link to "${objectName(tool.checksum, 'file')}", which is no file before it`,
  },
  {
    name: 'a device',
    layer: [entry('usr/lib/null', { type: 'character-device' })],
    message: 'layer LAYER: entry "usr/lib/null" is a character-device, which ostree does not store',
  },
  {
    name: 'a device by another name',
    layer: [entry('dev/sda', { type: 'block-device' }), hardLink('etc/sda', 'dev/sda')],
    message: 'layer LAYER: entry "usr/etc/sda" is a block-device, which ostree does not store',
  },
  {
    name: 'a name that no filesystem has',
    layer: [entry(`usr/${long}`)],
    message: `layer LAYER: entry "usr/${'n'.repeat(96)}…" has a name of more than 255 bytes`,
  },
  {
    name: 'a path that no filesystem has',
    layer: [entry('a/'.repeat(2100))],
    message: `layer LAYER: entry "${'a/'.repeat(50)}…" is longer than 4096 characters`,
  },
  {
    name: 'more depth than a path can have, by means of a link',
    layer: [link('usr/deep', 'd/'.repeat(2000)), entry(`usr/deep/${'e/'.repeat(100)}x`)],
    message: `layer LAYER: entry "usr/deep/${'e/'.repeat(100)}x" is more than 2048 directories deep`,
  },
  {
    name: 'a link that no filesystem has',
    layer: [link('usr/x', 't'.repeat(4096))],
    message: 'layer LAYER: entry "usr/x" is a symbolic link of more than 4095 bytes',
  },
  {
    name: 'an impossible xattr',
    layer: [entry('usr/x', { xattrs: [{ name: 'a b', value: Buffer.from('c') }] })],
    message: 'layer LAYER: entry "usr/x" has the impossible xattr "a b"',
  },
  {
    name: 'files in /etc and in /usr/etc',
    layer: [entry('usr/etc/x')],
    code: 'CONTAINER_PATH',
    message: '/etc in the container is not empty, and neither is /usr/etc: the files belong into /etc',
  },
  {
    name: 'a link in the place of /etc',
    layer: [link('etc', 'usr/lib')],
    code: 'CONTAINER_PATH',
    message: '/etc in the container is not a directory',
  },
  {
    name: 'a link in the place of /sysroot',
    layer: [link('sysroot', 'usr')],
    code: 'CONTAINER_PATH',
    message: '/sysroot in the container is not a directory',
  },
  {
    name: 'more content than the limit',
    layer: [entry('usr/x', {}, Buffer.alloc(1001))],
    limits: { ...generous, contentBytes: 1000 },
    code: 'CONTENT_TOO_LARGE',
    message: "layer LAYER: the image's files are larger than 1000 bytes",
  },
  {
    name: 'more names on the way to its entries than the limit, by chains of links',
    layer: [
      ...Array.from({ length: 20 }, (_, index) => link(`usr/l${index}`, index === 19 ? 'lib' : `l${index + 1}`)),
      // Each passes 2 names of its own, and 2 or 1 for each of 20 links: the fifteenth is beyond the limit.
      ...Array.from({ length: 30 }, (_, index) => entry(`usr/l0/${index}`)),
    ],
    code: 'TREE_TOO_LARGE',
    limits: generous,
    message: "layer LAYER: the ways to the entries of the image's ordinary layers are longer than 1000 names together",
  },
  {
    name: 'long ways to whiteouts',
    layer: Array.from({ length: 501 }, (_, index) => entry(`usr/lib/.wh.${index}`)),
    code: 'TREE_TOO_LARGE',
    limits: generous,
    message: "layer LAYER: the ways to the entries of the image's ordinary layers are longer than 1000 names together",
  },
  {
    name: 'a target of slashes alone, asked for again and again',
    layer: [link('usr/s', '/'.repeat(400)), ...Array.from({ length: 5 }, (_, index) => entry(`usr/s/x${index}`))],
    code: 'TREE_TOO_LARGE',
    limits: generous,
    message: "layer LAYER: the ways to the entries of the image's ordinary layers are longer than 1000 names together",
  },
  {
    name: 'more entries than the limit',
    layer: Array.from({ length: 30 }, (_, index) => entry(`usr/${index}`)),
    limits: { ...generous, entries: 29 },
    code: 'TREE_TOO_LARGE',
    message: "the image's ordinary layers have more than 29 entries",
  },
];

describe('a derived image may not have', () => {
  it.each(hostileLayers)('$name', async ({ layer, limits, code = 'LAYER_PATH', message }) => {
    const image = await imageOf([...ostree, layer], labels);
    const digest = image.manifest.layers.at(-1)?.digest ?? '';
    await expect(unpackInMemory(store, image, limits)).rejects.toMatchObject({
      code,
      exitStatus: 4,
      message: message.replace('LAYER', digest),
    });
  });

  it('objects in its base that the commit of the base does not need, even if a layer has the same content', async () => {
    const more = contentObject({ path: '/usr/lib/more', content: 'more' });
    const content = [...(ostree[1] ?? []), ...contentEntries(more)];
    const image = await imageOf([ostree[0] ?? [], content, [entry('usr/lib/more', { uid, gid }, 'more')]], {
      ...labels,
      'ostree.final-diffid': digestOf(tarOf(content)),
    });
    await expect(unpackInMemory(store, image)).rejects.toMatchObject({
      code: 'OBJECT_UNREFERENCED',
      message: `the image holds object ${more.checksum}, which is not in its commit`,
    });
  });
});
