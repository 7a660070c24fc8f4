import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../../src/lib/digest.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { readImage } from '../../src/oci/image.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { type Annotations, mediaTypes } from '../../src/oci/types.ts';
import { readPolicy } from '../../src/ostree/labels/policy.ts';
import { commitLabels } from '../../src/ostree/labels.ts';
import { storeImageOf, zstdOf } from '../helpers/image.ts';
import {
  contentEntries,
  type Entry,
  entry,
  metadataEntries,
  type Sample,
  sampleCommit,
  tarOf,
} from '../helpers/ostree-layers.ts';
import { unpackInMemory } from '../helpers/unpack-in-memory.ts';

// What a machine makes of a container with ordinary layers must be what its disk was made of.

const script = resolve(
  import.meta.dirname,
  '../../examples/debian-coreos/overlay.d/30update/usr/libexec/cosa-merge-layers',
);

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;
const file = (path: string, content: string, header: Partial<Entry['header']> = {}) =>
  entry(path, { uid, gid, ...header }, content);
const directory = (path: string, mode = 0o755) => entry(`${path}/`, { type: 'directory', mode, uid, gid });
const link = (path: string, linkTarget: string) => entry(path, { type: 'symlink', linkTarget, uid, gid });
const hardLink = (path: string, linkTarget: string) => entry(path, { type: 'hardlink', linkTarget, uid, gid });

const sample = sampleCommit([
  { path: '/lib', symlinkTarget: 'usr/lib' },
  { path: '/ostree', symlinkTarget: 'sysroot/ostree' },
  { path: '/usr/bin/tool', content: 'tool', mode: 0o4755, xattrs: [{ name: 'user.a', value: Buffer.from('a') }] },
  { path: '/usr/lib/gone', content: 'gone' },
  { path: '/usr/lib/one', content: 'one' },
  { path: '/usr/lib/deep/two', content: 'two' },
  { path: '/usr/etc/base.conf', content: 'base' },
  { path: '/usr/etc/dir/a', content: 'a' },
  { path: '/var/lib/state', content: 'state' },
]);
const running = ['boot', 'dev', 'proc', 'run', 'sys', 'sysroot', 'tmp'].map((name) => directory(name));

/** What tools for containers leave in layers. */
const ofTools = ['user.overlay.opaque', 'user.containers.a', 'user.fuseoverlayfs.a', 'user.rootlesscontainers'].map(
  (name) => ({ name, value: Buffer.from('y') }),
);

const derived: Entry[][] = [
  [
    ...running,
    directory('usr/lib', 0o750),
    file('usr/lib/new', 'new', { mode: 0o640, xattrs: [{ name: 'user.b', value: Buffer.from('b') }] }),
    file('usr/lib/built', 'built', { xattrs: ofTools }),
    hardLink('usr/lib/new2', 'usr/lib/new'),
    hardLink('usr/lib/one2', 'usr/lib/one'),
    file('usr/bin/tool', 'patched', { mode: 0o755 }),
    entry('usr/lib/.wh.gone'),
    entry('usr/lib/deep/.wh..wh..opq'),
    file('usr/lib/deep/own', 'own'),
    file('etc/new.conf', 'new'),
    entry('etc/.wh.base.conf'),
    file('etc/hostname', ''),
    file('lib/through', 'a link'),
    file('run/secret', 'secret'),
    file('dev/x', 'x'),
    file('boot/vmlinuz', 'kernel'),
    file('sysroot/x', 'x'),
    file('var/lib/app', 'app'),
    file('usr/share/name with spaces and ü', 'x'),
  ],
  [
    directory('usr/lib/new2'),
    file('usr/lib/new2/below', 'x'),
    file('etc/dir', 'a file now'),
    entry('.wh..wh.aufs'),
    link('usr/lib/link', '/usr/bin'),
    file('usr/share/nothing', ''),
    directory('usr/share'),
  ],
];
const plain: Entry[][] = [
  [
    ...running,
    directory('etc'),
    file('etc/os-release', 'ID=x'),
    directory('usr'),
    file('usr/bin/sh', 'sh'),
    link('bin', 'usr/bin'),
  ],
  [
    directory('./'),
    file('./bin/ls', 'ls'),
    entry('etc/.wh.os-release'),
    file('etc/x', 'x'),
    link('ostree', 'sysroot/ostree'),
  ],
];

let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cosa-layers-'));
});

afterEach(() => rm(scratch, { recursive: true, force: true }));

/** Our commit of an image, and the paths of its layers' blobs. The last layer is zstd, the others gzip. */
async function ours(layers: readonly (readonly Entry[])[], labels: Annotations) {
  const layout = join(scratch, 'oci');
  await using store = await openLayoutForWriting(layout);
  const tars = layers.map(tarOf);
  const blobs = await Promise.all(
    tars.map(async (tar, index) =>
      index === tars.length - 1
        ? storeBytes(store, await zstdOf(tar), mediaTypes.layerZstd)
        : storeBytes(store, gzipSync(tar), mediaTypes.layerGzip),
    ),
  );
  const image = await readImage(store, await storeImageOf(store, blobs, tars.map(digestOf), labels));
  const { commit } = await unpackInMemory(store, image);
  return { commit, paths: blobs.map(({ digest }) => join(layout, 'blobs', digest.replace(':', '/'))) };
}

function ostree(...args: readonly string[]): string {
  return execFileSync('ostree', [`--repo=${join(scratch, 'repo')}`, ...args], { encoding: 'utf8' });
}

function merge(commit: string, paths: readonly string[], version: string): string {
  const args = [script, join(scratch, 'repo'), join(scratch, 'merged'), commit, '1704164645', version];
  return execFileSync('bash', args, { input: paths.map((path) => `${path}\n`).join(''), encoding: 'utf8' }).trim();
}

const created = { 'org.opencontainers.image.created': '2024-01-02T03:04:05Z' };

/** Puts a base into the repository, and layers on top of it. @returns the commits, ours and the script's */
async function mergedBoth(
  system: Sample,
  layers: readonly (readonly Entry[])[],
): Promise<{ ours: string; theirs: string }> {
  const base = [...metadataEntries(system), ...system.objects.flatMap(contentEntries)];
  const labels = {
    ...created,
    'ostree.commit': system.commit.checksum,
    'ostree.final-diffid': digestOf(tarOf(base)),
    'org.opencontainers.image.version': '1.2',
  };
  const { commit, paths } = await ours([base, ...layers], labels);
  const unpacked = join(scratch, 'unpacked/sysroot/ostree/repo');
  await mkdir(unpacked, { recursive: true });
  execFileSync('tar', ['-x', '-f', paths[0] ?? '', '-C', join(scratch, 'unpacked'), 'sysroot/ostree/repo']);
  await writeFile(join(unpacked, 'config'), '[core]\nrepo_version=1\nmode=bare-split-xattrs\n');
  for (const name of ['refs/heads', 'refs/mirrors', 'refs/remotes', 'state', 'extensions', 'tmp/cache']) {
    await mkdir(join(unpacked, name), { recursive: true });
  }
  ostree('init', '--mode=bare');
  ostree('pull-local', '--untrusted', unpacked, system.commit.checksum);
  return { ours: commit.commit, theirs: merge(system.commit.checksum, paths.slice(1), '1.2') };
}

it('makes of a derived container the commit that its disks have', async () => {
  const { ours: expected, theirs } = await mergedBoth(sample, derived);
  expect(theirs).toBe(expected);
  expect(ostree('fsck')).toContain('object fsck');
  // The files of the base were hard links while layers were put over them.
  expect(ostree('cat', sample.commit.checksum, '/usr/bin/tool')).toBe('tool');
});

if (uid === 0) {
  // Only root writes labels into a repository of a machine's kind.
  it('makes of a container that is derived from a labelled one the commit that its disks have', async () => {
    const config = 'SELINUX=enforcing\nSELINUXTYPE=pond\n';
    const contexts = [
      '/.* system_u:object_r:default_t:s0',
      '/usr(/.*)? system_u:object_r:usr_t:s0',
      '/usr/lib(/.*)? system_u:object_r:lib_t:s0',
      '/etc(/.*)? system_u:object_r:etc_t:s0',
      '/etc/selinux(/.*)? system_u:object_r:config_t:s0',
    ].map((line) => `${line}\n`);
    const files = [
      ...sample.objects.map(({ symlinkTarget, ...object }) =>
        symlinkTarget === '' ? object : { path: object.path, symlinkTarget },
      ),
      { path: '/usr/etc/selinux/config', content: config },
      { path: '/usr/etc/selinux/pond/policy/policy.33', content: 'the policy itself' },
      { path: '/usr/etc/selinux/pond/contexts/files/file_contexts', content: contexts.join('') },
      { path: '/usr/etc/selinux/pond/contexts/files/file_contexts.subs', content: '/usr/etc /etc\n' },
    ];
    const contents = new Map(
      files.map(({ path, ...file }) => [path, Buffer.from('content' in file ? file.content : '')]),
    );
    const policy = await readPolicy(async (path) => contents.get(path));
    const labelled = sampleCommit(files, commitLabels(policy ?? expect.fail(), 1));
    // Before 2024.10 ostree names a file wrongly that has a label, and xattrs that stand behind it in the order of names.
    const layers = derived.map((entries) =>
      entries.map(({ header, content }) => ({ content, header: { ...header, xattrs: [] } })),
    );
    const { ours: expected, theirs } = await mergedBoth(labelled, layers);
    expect(theirs).toBe(expected);
    expect(ostree('ls', '--xattrs', theirs, '/usr/lib/new')).toContain('system_u:object_r:lib_t:s0');
  });
}

it('makes of an ordinary container the commit that its disks have', async () => {
  const { commit, paths } = await ours(plain, created);
  ostree('init', '--mode=bare');
  expect(merge('', paths, '')).toBe(commit.commit);
});

it('makes of a container with an empty /etc beside /usr/etc the commit that its disks have', async () => {
  const layers = [
    [...running, directory('etc'), directory('usr'), directory('usr/etc'), file('usr/etc/x', 'x'), file('ostree', 'x')],
  ];
  const { commit, paths } = await ours(layers, created);
  ostree('init', '--mode=bare');
  expect(merge('', paths, '')).toBe(commit.commit);
});

it.each([
  { name: 'a name that leads out', entries: [file('../x', 'x')], message: 'an entry leads out of the container: ../x' },
  { name: 'a whiteout of ..', entries: [entry('usr/.wh...')], message: 'an entry hides what is no name: usr/.wh...' },
  {
    name: 'files in /etc and in /usr/etc',
    entries: [file('etc/x', 'x'), file('usr/etc/y', 'y')],
    message: 'the container has files in /etc and in /usr/etc',
  },
])('refuses $name', async ({ entries, message }) => {
  ostree('init', '--mode=bare');
  const layer = join(scratch, 'layer');
  await writeFile(layer, tarOf(entries));
  expect(() => merge('', [layer], '')).toThrow(`cosa-merge-layers: ${message}`);
});

it('refuses a link that leads out of the container', async () => {
  ostree('init', '--mode=bare');
  const outside = join(scratch, 'outside');
  await mkdir(outside);
  const paths = [join(scratch, 'first'), join(scratch, 'second')];
  await writeFile(join(scratch, 'first'), tarOf([directory('usr'), link('usr/out', outside)]));
  await writeFile(join(scratch, 'second'), tarOf([file('usr/out/x', 'x')]));
  expect(() => merge('', paths, '')).toThrow('cosa-merge-layers: a link leads out of the container: usr/out/');
  expect(await readdir(outside)).toEqual([]);
});
