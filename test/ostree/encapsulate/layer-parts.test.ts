import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTar, type TarEntry } from '../../../src/lib/tar/reader.ts';
import { readPiece } from '../../../src/ostree/content-threads/layer-streams.ts';
import { baseLayerParts, componentLayerParts, type LayerParts } from '../../../src/ostree/encapsulate/layer-parts.ts';
import { layerPieces } from '../../../src/ostree/encapsulate/layer-pieces.ts';
import { commitObject } from '../../../src/ostree/objects.ts';
import { scanTree, type Tree } from '../../../src/ostree/tree.ts';
import type { ContentObject } from '../../../src/ostree/types.ts';
import { layoutChecker } from '../../../src/ostree/unpack/layout-checker.ts';
import { normalizePath, parseObjectPath } from '../../../src/ostree/unpack/layout-path.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { capability, commitOptions, makeTree } from '../fixture.ts';

const isRoot = process.getuid?.() === 0;
let directory: string;
let tree: Tree;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cosa-layer-'));
  makeTree(join(directory, 'root'));
  tree = await scanTree(join(directory, 'root'), silentReporter());
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** All entries of a layer, content included. */
async function entriesOf(parts: LayerParts): Promise<(TarEntry & { data: Buffer })[]> {
  async function* copied() {
    // Neither a divisor of what is in the layer nor larger than it.
    for (const piece of layerPieces(parts, 100_003)) {
      const buffer = new ArrayBuffer(piece.size + 1);
      readPiece({ kind: 'read', layer: 'layer', compression: 'zstd', root: join(directory, 'root'), piece, buffer });
      yield Buffer.from(buffer, 0, piece.size);
    }
  }
  const entries = [];
  for await (const entry of readTar(copied())) entries.push({ ...entry, data: await entry.bytes(1 << 20) });
  return entries;
}

const object = (path: string) => {
  const { checksum } = tree.files.get(path) ?? { checksum: '' };
  return `sysroot/ostree/repo/objects/${checksum.slice(0, 2)}/${checksum.slice(2)}`;
};

describe('a component layer', () => {
  it('begins with the whole repository skeleton', async () => {
    const entries = await entriesOf(componentLayerParts(tree, []));
    const names = entries.map(({ path }) => path);
    expect(names).toHaveLength(4 + 256 + 8 + 1);
    expect(names.slice(0, 5)).toEqual([
      'sysroot/',
      'sysroot/ostree/',
      'sysroot/ostree/repo/',
      'sysroot/ostree/repo/objects/',
      'sysroot/ostree/repo/objects/00/',
    ]);
    expect(names.slice(259)).toEqual(
      [
        'objects/ff/',
        'extensions/',
        'refs/',
        'refs/heads/',
        'refs/mirrors/',
        'refs/remotes/',
        'state/',
        'tmp/',
        'tmp/cache/',
        'config',
      ].map((name) => `sysroot/ostree/repo/${name}`),
    );
    expect(entries.at(-1)?.data.toString()).toBe('[core]\nrepo_version=1\nmode=bare-split-xattrs\n');
    expect(new Set(entries.slice(1).map(({ mtime, uid, gid }) => `${mtime} ${uid} ${gid}`))).toEqual(
      new Set(['0 0 0']),
    );
  });

  it('has for each object its xattrs, itself, then parents and hard links', async () => {
    const paths = ['/usr/bin/arping', '/usr/bin/copy', '/usr/bin/false', '/usr/bin/true', '/usr/lib/copy-of-true'];
    const entries = (await entriesOf(componentLayerParts(tree, paths))).slice(269);
    const arping = object('/usr/bin/arping');
    const program = object('/usr/bin/true');
    expect(entries.map(({ type, path, linkTarget }) => [type, path, linkTarget])).toEqual([
      ['file', `${arping}.file-xattrs-link`, ''],
      ['file', `${arping}.file`, ''],
      ['directory', 'usr/', ''],
      ['directory', 'usr/bin/', ''],
      ['hardlink', 'usr/bin/arping', `${arping}.file`],
      ['file', `${program}.file-xattrs-link`, ''],
      ['file', `${program}.file`, ''],
      ['hardlink', 'usr/bin/false', `${program}.file`],
      ['hardlink', 'usr/bin/true', `${program}.file`],
      ['directory', 'usr/lib/', ''],
      ['hardlink', 'usr/lib/copy-of-true', `${program}.file`],
    ]);
    expect(entries[1]?.data.toString()).toBe('a program with a capability');
    expect(entries[1]?.xattrs).toEqual(isRoot ? [{ name: 'security.capability', value: capability }] : []);
    expect(entries[6]).toMatchObject({ mode: 0o755, size: 11, xattrs: [] });
  });

  it('writes symbolic links as such, empty files in full, and /usr/etc as /etc', async () => {
    const paths = ['/ostree', '/usr/bin/sh', '/usr/etc/shadow', '/usr/lib/empty'];
    const entries = (await entriesOf(componentLayerParts(tree, paths))).slice(269);
    const listed = entries.filter(({ path }) => !path.endsWith('xattrs-link'));
    expect(listed.map(({ type, path, linkTarget }) => [type, path, linkTarget])).toEqual([
      ['symlink', `${object('/ostree')}.file`, 'sysroot/ostree'],
      ['hardlink', 'ostree', `${object('/ostree')}.file`],
      ['symlink', `${object('/usr/bin/sh')}.file`, '../lib//dash'],
      ['directory', 'usr/', ''],
      ['directory', 'usr/bin/', ''],
      ['hardlink', 'usr/bin/sh', `${object('/usr/bin/sh')}.file`],
      ['file', `${object('/usr/etc/shadow')}.file`, ''],
      ['directory', 'etc/', ''],
      ['hardlink', 'etc/shadow', `${object('/usr/etc/shadow')}.file`],
      ['file', `${object('/usr/lib/empty')}.file`, ''],
      ['directory', 'usr/lib/', ''],
      ['file', 'usr/lib/empty', ''],
    ]);
    expect(listed.find(({ path }) => path === 'etc/')?.xattrs).toEqual([
      { name: 'user.zeta', value: Buffer.from('z') },
    ]);
  });

  it('keeps the build’s SELinux label to the repository', async () => {
    const label = { name: 'security.selinux', value: Buffer.from('system_u:object_r:bin_t:s0\0') };
    const labelled = {
      checksum: 'ab'.repeat(32),
      size: 0,
      symlinkTarget: 'x',
      uid: 0,
      gid: 0,
      mode: 0o120777,
      xattrs: [label],
    };
    const entries = await entriesOf(componentLayerParts({ ...tree, files: new Map([['/a', labelled]]) }, ['/a']));
    expect(entries.at(-3)?.data.toString('latin1')).toContain('bin_t');
    expect(entries.slice(-2).map(({ xattrs }) => xattrs)).toEqual([[], []]);
  });
});

describe('layer 0', () => {
  it('has the commit, all metadata, all directories, the given files, /sysroot and /var/tmp', async () => {
    const commit = commitObject(tree.root, commitOptions);
    const entries = (await entriesOf(baseLayerParts(tree, commit, ['/usr/bin/true']))).slice(269);
    const names = entries.map(({ path }) => path);
    expect(names[0]).toBe('./');
    expect(names[1]).toMatch(/objects\/..\/.{62}\.commit$/);
    expect(entries[1]?.data).toEqual(commit.bytes);
    const metadata = names.slice(2, 2 + tree.metadata.length);
    expect(metadata.every((name) => /\.dir(meta|tree)$/.test(name))).toBe(true);
    expect(names.slice(2 + tree.metadata.length)).toEqual([
      'tmp/',
      'usr/',
      'usr/bin/',
      'etc/',
      'etc/skel/',
      'usr/lib/',
      `usr/lib/${'long-'.repeat(30)}/`,
      'var/',
      `${object('/usr/bin/true')}.file-xattrs-link`,
      `${object('/usr/bin/true')}.file`,
      'usr/bin/true',
      'var/tmp/',
    ]);
    expect(entries.find(({ path }) => path === 'tmp/')?.mode).toBe(0o1777);
    expect(entries.at(-1)?.mode).toBe(0o1777);
  });

  it('refuses a tree that was not made for ostree', async () => {
    const directories = new Map([...tree.directories, ['/etc', { uid: 0, gid: 0, mode: 0o40755, xattrs: [] }]]);
    const commit = commitObject(tree.root, commitOptions);
    await expect(entriesOf(baseLayerParts({ ...tree, directories }, commit, []))).rejects.toThrow(
      expect.objectContaining({
        code: 'TREE_HAS_ETC',
        message: 'the tree has /etc, which is the place of /usr/etc in the container',
      }),
    );
  });
});

describe('more equal files than a file system can link', () => {
  const count = 30_003;
  const names = Array.from({ length: count }, (_, index) => `/many/${String(index).padStart(5, '0')}`);

  async function manyEntries(file: ContentObject): Promise<(TarEntry & { data: Buffer })[]> {
    const many = { ...tree, files: new Map(names.map((name) => [name, file])) };
    return entriesOf(componentLayerParts(many, names));
  }

  it('has files of their own beyond 30,000 links, which the reader takes', async () => {
    const root = join(directory, 'root');
    mkdirSync(join(root, 'many'), { recursive: true });
    // Where the object's content is read, and that of those beyond the links.
    for (const name of ['/many/00000', ...names.slice(30_000)]) writeFileSync(join(root, name), 'same');
    const scanned = await scanTree(root, silentReporter());
    const file = scanned.files.get(names.at(-1) ?? '');
    if (file === undefined) throw new Error('the tree has the files');
    const entries = await manyEntries(file);
    rmSync(join(root, 'many'), { recursive: true });
    const placed = entries.filter(({ path }) => /^many\/./.test(path));
    expect(placed.filter(({ type }) => type === 'hardlink')).toHaveLength(30_000);
    expect(placed.slice(30_000).map(({ type, mode, data }) => [type, mode, data.toString()])).toEqual(
      Array.from({ length: 3 }, () => ['file', file.mode & 0o7777, 'same']),
    );
    const { check } = layoutChecker('layer', 100_000, () => undefined);
    for (const entry of entries) {
      const path = normalizePath(entry.path, 'layer');
      check(entry, path, parseObjectPath(path, 'layer'));
    }
  });

  it('has symbolic links of their own, too', async () => {
    const link = [...tree.files.values()].find(({ symlinkTarget }) => symlinkTarget !== '');
    if (link === undefined) throw new Error('the tree has a link');
    const placed = (await manyEntries(link)).filter(({ path }) => /^many\/./.test(path)).slice(30_000);
    expect(placed.map(({ type, linkTarget }) => [type, linkTarget])).toEqual(
      Array.from({ length: 3 }, () => ['symlink', link.symlinkTarget]),
    );
  });
});
