import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, sha256Hex } from '../../src/lib/digest.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { readImage } from '../../src/oci/image.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import type { ContentStore } from '../../src/oci/store.ts';
import { type Annotations, mediaTypes } from '../../src/oci/types.ts';
import { commitObject, dirtreeObject, encodeXattrs } from '../../src/ostree/objects.ts';
import { listFiles } from '../../src/ostree/unpack/commit-tree.ts';
import type { UnpackLimits } from '../../src/ostree/unpack/limits.ts';
import { readFiles, readImageTree } from '../../src/ostree/unpack/read-files.ts';
import { unpackImage } from '../../src/ostree/unpack.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { storeImage, storeImageOf, zstdOf } from '../helpers/image.ts';
import {
  contentEntries,
  contentObject,
  type Entry,
  entry,
  fileEntry,
  metadataEntries,
  metadataEntry,
  objectName,
  oldContentEntries,
  sampleCommit,
  tarOf,
} from '../helpers/ostree-layers.ts';
import { unpackInMemory } from '../helpers/unpack-in-memory.ts';

const xattrs = [
  { name: 'user.a', value: Buffer.from([0, 255, 10]) },
  { name: 'user.b', value: Buffer.from('b') },
];
const sample = sampleCommit([
  { path: '/usr/bin/tool', content: 'tool', mode: 0o4755, xattrs },
  { path: '/usr/bin/link', symlinkTarget: '//usr/bin/../bin/tool' },
  { path: '/usr/etc/empty' },
  { path: '/usr/etc/name with ünicode', content: 'x'.repeat(200_000) },
  { path: '/usr/share/image.json', content: '{}' },
]);
const tool = sample.objects[0] ?? expect.fail();
const small = sample.objects[4] ?? expect.fail();
const labels = { 'ostree.commit': sample.commit.checksum };
const honest = [metadataEntries(sample), sample.objects.flatMap(contentEntries)];

let directory: string;
let store: ContentStore & AsyncDisposable;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-unpack-'));
  store = await openLayoutForWriting(join(directory, 'oci'));
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function imageOf(layers: readonly (readonly Entry[])[], imageLabels: Annotations = labels) {
  return readImage(store, await storeImage(store, layers.map(tarOf), imageLabels));
}

function unpack(image: Awaited<ReturnType<typeof imageOf>>, limits?: UnpackLimits) {
  return unpackInMemory(store, image, limits);
}

describe('unpackImage', () => {
  const forms = [
    { name: 'the new form of xattrs', layers: honest },
    { name: 'the old form of xattrs', layers: [metadataEntries(sample), ...sample.objects.map(oldContentEntries)] },
    { name: 'one layer with content before metadata', layers: [[...(honest[1] ?? []), ...(honest[0] ?? [])]] },
    { name: 'an object in two layers', layers: [...honest, contentEntries(tool)] },
  ];
  it.each(forms)('gives each object once, in their order: $name', async ({ layers }) => {
    const { commit, contents } = await unpack(await imageOf(layers));
    expect(commit).toMatchObject({ commit: sample.commit.checksum, timestamp: 1, version: undefined });
    expect(commit.objects[0]?.bytes).toEqual(sample.commit.bytes);
    expect(new Set(commit.objects.map(({ checksum }) => checksum))).toEqual(
      new Set([sample.commit, ...sample.metadata].map(({ checksum }) => checksum)),
    );
    expect(contents).toMatchObject(
      sample.objects.map(({ checksum, content, symlinkTarget, mode, xattrs: own }) => ({
        checksum,
        symlinkTarget,
        mode,
        xattrs: own,
        bytes: Buffer.from(content),
        kind: symlinkTarget === '' ? 'file' : 'symlink',
      })),
    );
    const etc = commit.root.directories.get('usr')?.directories.get('etc');
    expect([...(etc?.files.keys() ?? [])]).toEqual(['empty', 'name with ünicode']);
  });

  it('gives what was added to a commit after it was made', async () => {
    const detached = entry(objectName(sample.commit.checksum, 'commitmeta'), {}, 'signature');
    const { commit } = await unpack(await imageOf([[...metadata, detached], content]));
    expect(commit.objects.at(-1)).toMatchObject({ kind: 'commitmeta', bytes: Buffer.from('signature') });
  });

  it('stops when it is told to', async () => {
    const image = await imageOf(honest);
    const stop = new AbortController();
    const begin = async () => {
      stop.abort(new Error('stopped'));
      return { write: async () => undefined };
    };
    await expect(unpackImage(store, image, begin, silentReporter(stop.signal))).rejects.toThrow('stopped');
  });
});

interface Hostile {
  name: string;
  layers: readonly (readonly Entry[])[];
  labels?: Annotations;
  limits?: UnpackLimits;
  code: string;
  message: string;
}

const [metadata, content] = honest as [Entry[], Entry[]];
const evil = contentObject({ path: '/evil', content: 'evil' });
const badTree = dirtreeObject({ files: [{ name: '../evil', checksum: tool.checksum }], directories: [] });
const link = entry('usr/lib', { type: 'symlink', linkTarget: '../../../etc' });
const linkName = (kind: string) => `object ${tool.checksum}.${kind}`;

// `LAYER` stands for the digest of the layer that is at fault: the last one.
const hostileImages: Hostile[] = [
  {
    name: 'a commit label that is no checksum',
    layers: honest,
    labels: { 'ostree.commit': '../x' },
    code: 'NOT_OSTREE',
    message: 'MANIFEST: its label "ostree.commit" is not a checksum',
  },
  {
    name: 'an absolute name',
    layers: [metadata, [entry('/etc/passwd')]],
    code: 'LAYER_PATH',
    message: 'layer LAYER: entry "/etc/passwd" is absolute',
  },
  {
    name: 'a path traversal',
    layers: [metadata, [entry('usr/../../etc/passwd')]],
    code: 'LAYER_PATH',
    message: 'layer LAYER: entry "usr/../../etc/passwd" leads out of the image with ".."',
  },
  {
    name: 'a dotted name',
    layers: [metadata, [entry('./usr/bin/x')]],
    code: 'LAYER_PATH',
    message: 'layer LAYER: entry "./usr/bin/x" has an empty or "." part',
  },
  {
    name: 'a name behind a symbolic link that leads out',
    layers: [metadata, [link, entry('usr/lib/passwd')]],
    code: 'LAYER_PATH',
    message: 'layer LAYER: entry "usr/lib/passwd" lies behind the symbolic link "usr/lib"',
  },
  {
    name: 'the repository behind a symbolic link',
    layers: [metadata, [entry('sysroot/ostree', { type: 'symlink', linkTarget: '/etc' }), ...content]],
    code: 'LAYER_PATH',
    message: `layer LAYER: entry "${objectName(tool.checksum, 'file-xattrs-link')}" lies behind the symbolic link "sysroot/ostree"`,
  },
  {
    name: 'a hard link to something outside',
    layers: [metadata, [entry('usr/x', { type: 'hardlink', linkTarget: 'etc/shadow' })]],
    code: 'LAYER_PATH',
    message: 'layer LAYER: entry "usr/x" is a hard link to "etc/shadow", which is no object before it',
  },
  {
    name: 'a device node',
    layers: [metadata, [entry('dev/sda', { type: 'block-device' })]],
    code: 'LAYER_PATH',
    message: 'layer LAYER: entry "dev/sda" is a block-device',
  },
  {
    name: 'a device node as an object',
    layers: [metadata, [entry(objectName(tool.checksum, 'file'), { type: 'character-device' })]],
    code: 'LAYER_PATH',
    message: `layer LAYER: entry "${objectName(tool.checksum, 'file')}" is a character-device`,
  },
  {
    name: 'an entry twice',
    layers: [metadata, [...content, entry('usr/bin/tool')]],
    code: 'LAYER_PATH',
    message: 'layer LAYER: entry "usr/bin/tool" stands in the layer twice',
  },
  {
    name: 'an object twice',
    layers: [metadata, [...content, ...contentEntries(tool)]],
    code: 'LAYER_PATH',
    message: `layer LAYER: entry "${objectName(tool.checksum, 'file-xattrs-link')}" stands in the layer twice`,
  },
  {
    name: 'a file among the objects that is none',
    layers: [metadata, [entry('sysroot/ostree/repo/objects/00/x.file')]],
    code: 'LAYER_PATH',
    message: 'layer LAYER: entry "sysroot/ostree/repo/objects/00/x.file" is not an ostree object',
  },
  {
    name: 'an object that conflicts with the one of another layer',
    layers: [metadata, content, contentEntries({ ...tool, content: 'evil' })],
    code: 'OBJECT_CHECKSUM',
    message: `layer LAYER: ${linkName('file')} has the checksum ${contentObject({ ...tool, path: tool.path, content: 'evil', mode: tool.mode, xattrs, symlinkTarget: undefined } as never).checksum}`,
  },
  {
    name: 'a file with other xattrs',
    layers: [metadata, [entry(objectName(tool.checksum, 'file-xattrs-link')), fileEntry(tool)]],
    code: 'OBJECT_CHECKSUM',
    message: `layer LAYER: ${linkName('file')} has the checksum ${contentObject({ path: tool.path, content: 'tool', mode: tool.mode }).checksum}`,
  },
  {
    name: 'a file without xattrs object',
    layers: [metadata, [fileEntry(tool)]],
    code: 'LAYER_ENTRY',
    message: `layer LAYER: ${linkName('file')} has no xattrs object before it`,
  },
  {
    name: 'xattrs that link to nothing',
    layers: [
      metadata,
      [entry(objectName(tool.checksum, 'file-xattrs-link'), { type: 'hardlink', linkTarget: 'etc/passwd' })],
    ],
    code: 'LAYER_ENTRY',
    message: `layer LAYER: ${linkName('file-xattrs-link')} links to "etc/passwd", which holds no xattrs`,
  },
  {
    name: 'xattrs that are none',
    layers: [metadata, [entry(objectName(tool.checksum, 'file-xattrs-link'), {}, 'xyz')]],
    code: 'OBJECT_INVALID',
    message: `layer LAYER: ${linkName('file-xattrs-link')} cannot be read: a GVariant value of type a(ayay) has no valid offsets`,
  },
  {
    name: 'too large xattrs',
    layers: [metadata, [entry(objectName(tool.checksum, 'file-xattrs-link'), {}, Buffer.alloc(1024 * 1024 + 1))]],
    code: 'LAYER_ENTRY',
    message: `layer LAYER: ${linkName('file-xattrs-link')} has 1048577 bytes; at most 1048576 are accepted`,
  },
  {
    name: 'too large metadata',
    layers: [[entry(objectName(sample.commit.checksum, 'commit'), {}, Buffer.alloc(10 * 1024 * 1024 + 1))]],
    code: 'LAYER_ENTRY',
    message: `layer LAYER: object ${sample.commit.checksum}.commit has 10485761 bytes; at most 10485760 are accepted`,
  },
  {
    name: 'a dirtree under a wrong name',
    layers: [[entry(objectName(sample.commit.checksum, 'dirtree'), {}, badTree.bytes)]],
    code: 'OBJECT_CHECKSUM',
    message: `layer LAYER: object ${sample.commit.checksum}.dirtree has the checksum ${badTree.checksum}`,
  },
  {
    name: 'a commit that is not there',
    layers: [content],
    code: 'OBJECT_MISSING',
    message: `the image lacks commit ${sample.commit.checksum}, which its commit needs`,
  },
  {
    name: 'a missing file',
    layers: [metadata, content.slice(3)],
    code: 'OBJECT_MISSING',
    message: `the image lacks content object ${tool.checksum}, which its commit needs`,
  },
  {
    name: 'an object that belongs to nothing',
    layers: [...honest, contentEntries(evil)],
    code: 'OBJECT_UNREFERENCED',
    message: `the image holds object ${evil.checksum}, which is not in its commit`,
  },
  {
    name: 'more content than the limit',
    layers: honest,
    limits: { contentBytes: 100_000, entries: 1000, paths: 1000, steps: 1000 },
    code: 'CONTENT_TOO_LARGE',
    message: "layer LAYER: the image's files are larger than 100000 bytes",
  },
  {
    name: 'more entries than the limit',
    layers: honest,
    limits: { contentBytes: 1_000_000, entries: 10, paths: 1000, steps: 1000 },
    code: 'LAYER_ENTRY',
    message: 'layer LAYER has more than 10 entries',
  },
];

describe('unpackImage refuses', () => {
  it.each(hostileImages)('$name', async ({ layers, labels: imageLabels, limits, code, message }) => {
    const image = await imageOf(layers, imageLabels);
    const layer = image.manifest.layers.at(-1)?.digest ?? '';
    await expect(unpack(image, limits)).rejects.toMatchObject({
      code,
      message: message.replace('LAYER', layer).replace('MANIFEST', image.descriptor.digest),
    });
    expect(await readdir(directory)).toEqual(['oci']);
  });

  it('a tree with impossible names', async () => {
    const dirmeta = sample.metadata.find(({ kind }) => kind === 'dirmeta') ?? expect.fail();
    const commit = commitObject(
      { dirtree: badTree.checksum, dirmeta: dirmeta.checksum },
      { subject: '', body: '', timestamp: 1, metadata: {} },
    );
    const image = await imageOf([[commit, badTree, dirmeta].map(metadataEntry)], { 'ostree.commit': commit.checksum });
    await expect(unpack(image)).rejects.toMatchObject({
      code: 'OBJECT_INVALID',
      message: `dirtree ${badTree.checksum} has the impossible file name "../evil"`,
    });
  });

  it('a tree of a few objects that stands for more paths than any disk holds', async () => {
    const dirmeta = sample.metadata.find(({ kind }) => kind === 'dirmeta') ?? expect.fail();
    const trees = [dirtreeObject({ files: [], directories: [] })];
    for (let level = 0; level < 40; level++) {
      const below = trees[0] ?? expect.fail();
      const directories = ['a', 'b'].map((name) => ({ name, dirtree: below.checksum, dirmeta: dirmeta.checksum }));
      trees.unshift(dirtreeObject({ files: [], directories }));
    }
    const root = { dirtree: trees[0]?.checksum ?? '', dirmeta: dirmeta.checksum };
    const commit = commitObject(root, { subject: '', body: '', timestamp: 1, metadata: {} });
    const image = await imageOf([[commit, dirmeta, ...trees].map(metadataEntry)], { 'ostree.commit': commit.checksum });
    await expect(unpack(image)).rejects.toMatchObject({
      code: 'TREE_TOO_LARGE',
      message: `commit ${commit.checksum} has more than 1000000 files`,
    });
  });

  describe('a small layer that would fill the memory', () => {
    const megabyte = 1024 * 1024;
    const refusal = (what: string) => ({
      code: 'LAYER_TOO_LARGE',
      exitStatus: 4,
      message: expect.stringContaining(what),
    });

    async function compressed(entries: readonly Entry[]) {
      const tar = tarOf(entries);
      const layer = await storeBytes(store, gzipSync(tar), mediaTypes.layerGzip);
      expect(layer.size).toBeLessThan(tar.length / 100);
      return readImage(store, await storeImageOf(store, [layer], [digestOf(tar)], labels));
    }

    it('with xattrs of the old form', async () => {
      const entries = Array.from({ length: 70 }, (_, index) => {
        const value = Buffer.alloc(megabyte - 100);
        value[0] = index;
        const bytes = encodeXattrs([{ name: 'user.a', value }]);
        return entry(objectName(sha256Hex(bytes), 'file-xattrs'), {}, bytes);
      });
      await expect(unpack(await compressed(entries))).rejects.toMatchObject(refusal('bytes of names and xattrs'));
    });

    it('with long names', async () => {
      const name = `${`${'d'.repeat(200)}/`.repeat(20)}file`;
      const entries = Array.from({ length: 20_000 }, (_, index) => entry(`${name}${index}`));
      await expect(unpack(await compressed(entries))).rejects.toMatchObject(refusal('bytes of names and xattrs'));
    });

    it('or with names that nobody can unpack', async () => {
      await expect(unpack(await compressed([entry(`${'d/'.repeat(10_000)}file`)]))).rejects.toMatchObject({
        code: 'LAYER_PATH',
        message: expect.stringContaining('is longer than 4096 characters'),
      });
    });
  });

  it('an owner that no system has: the header says so before anything is hashed', async () => {
    const { header, content } = fileEntry(tool);
    const owned = { header: { ...header, uid: 2 ** 33 }, content };
    const image = await imageOf([[...metadata, ...contentEntries(tool).slice(0, 1), owned]]);
    await expect(unpack(image)).rejects.toMatchObject({ code: 'TAR_HEADER_NUMBER', exitStatus: 4 });
  });

  it('a tree with a name that no filesystem has', async () => {
    const long = sampleCommit([{ path: `/${'x'.repeat(256)}` }]);
    const image = await imageOf([metadataEntries(long)], { 'ostree.commit': long.commit.checksum });
    await expect(unpack(image)).rejects.toMatchObject({
      code: 'OBJECT_INVALID',
      message: expect.stringContaining('has a file name of more than 255 bytes'),
    });
  });

  it('a layer with another diffid than the config says', async () => {
    const layers = await Promise.all(honest.map((entries) => storeBytes(store, tarOf(entries), mediaTypes.layer)));
    const diffIds = [digestOf(tarOf(metadata)), digestOf('another')];
    const image = await readImage(store, await storeImageOf(store, layers, diffIds, labels));
    await expect(unpack(image)).rejects.toMatchObject({
      code: 'LAYER_DIFFID',
      message: `layer ${layers[1]?.digest} has the diffid ${layers[1]?.digest}, the config says ${digestOf('another')}`,
    });
  });

  it('10 GB of zeros behind a small layer, before they fill the disk', async () => {
    const size = 10 * 1024 ** 3;
    const header = tarOf([
      entry(objectName(tool.checksum, 'file-xattrs-link')),
      entry(objectName(tool.checksum, 'file'), { size }),
    ]).subarray(0, -1024);
    // Frames of a zstd stream add up: 10 MiB of zeros, 1024 times.
    const zeros = await zstdOf(Buffer.alloc(size / 1024));
    const blob = Buffer.concat([await zstdOf(header), ...Array.from({ length: 1024 }, () => zeros)]);
    const bomb = await storeBytes(store, blob, mediaTypes.layerZstd);
    const first = await storeBytes(store, tarOf(metadata), mediaTypes.layer);
    const diffIds = [digestOf(tarOf(metadata)), digestOf('')];
    const image = await readImage(store, await storeImageOf(store, [first, bomb], diffIds, labels));
    await expect(unpack(image)).rejects.toMatchObject({
      code: 'LAYER_TOO_LARGE',
      exitStatus: 4,
      message: `layer ${bomb.digest} (${bomb.size} bytes) expands to more than ${256 * 1024 ** 2 + 100 * bomb.size} bytes`,
    });
    expect(bomb.size).toBeLessThan(1_000_000);
    expect(await readdir(directory)).toEqual(['oci']);
  });

  const damages = [
    {
      name: 'a flipped byte',
      change: (bytes: Buffer) => bytes.fill('X', 600, 601),
      code: /^(OBJECT_|BLOB_|LAYER_|TAR_)/,
    },
    { name: 'a truncated blob', change: (bytes: Buffer) => bytes.subarray(0, -1024), code: /^BLOB_SIZE_MISMATCH$/ },
    { name: 'a longer blob', change: (bytes: Buffer) => Buffer.concat([bytes, bytes]), code: /^BLOB_SIZE_MISMATCH$/ },
  ];
  it.each(damages)('$name', async ({ change, code }) => {
    const image = await imageOf(honest);
    const digest = image.manifest.layers[1]?.digest ?? '';
    await writeFile(join(directory, 'oci/blobs/sha256', digest.slice(7)), change(tarOf(content)));
    await expect(unpack(image)).rejects.toMatchObject({ code: expect.stringMatching(code), exitStatus: 4 });
    expect(await readdir(directory)).toEqual(['oci']);
  });

  it('an unknown media type', async () => {
    const known = await storeBytes(store, tarOf(metadata), mediaTypes.layer);
    const layer = await storeBytes(store, tarOf(content), 'application/x-tar');
    const layers = [known, layer];
    const diffIds = layers.map(({ digest }) => digest);
    const image = await readImage(store, await storeImageOf(store, layers, diffIds, labels));
    await expect(unpack(image)).rejects.toMatchObject({
      code: 'MEDIA_TYPE_UNKNOWN',
      message: `layer ${layer.digest} has the unknown media type application/x-tar`,
    });
  });
});

describe('readFiles', () => {
  it('reads named files alone, and no more layers than needed', async () => {
    const image = await imageOf([metadata, contentEntries(small), contentEntries(tool), content.slice(3, -3)]);
    const read: string[] = [];
    const counting: ContentStore = {
      ...store,
      readBlob: (descriptor, signal) => {
        read.push(descriptor.digest);
        return store.readBlob(descriptor, signal);
      },
    };
    const files = await readFiles(counting, image, ['/usr/share/image.json', '/usr/bin/link', '/none']);
    expect([...files]).toEqual([['/usr/share/image.json', Buffer.from('{}')]]);
    read.length = 0;
    await readFiles(counting, image, ['/usr/share/image.json']);
    const [first, second] = image.manifest.layers.map(({ digest }) => digest);
    expect(read).toEqual([first, first, second]);
  });

  it('reads the layer first that says that the file is in it', async () => {
    const image = await imageOf([metadata, contentEntries(tool), content.slice(3, -3), contentEntries(small)]);
    const likely = image.manifest.layers[3];
    if (likely !== undefined) likely.annotations = { 'ostree.components': 'kernel,build-metadata' };
    const read: string[] = [];
    const counting: ContentStore = {
      ...store,
      readBlob: (descriptor, signal) => {
        read.push(descriptor.digest);
        return store.readBlob(descriptor, signal);
      },
    };
    const files = await readFiles(counting, image, ['/usr/share/image.json']);
    expect([...files]).toEqual([['/usr/share/image.json', Buffer.from('{}')]]);
    expect(read).toEqual([image.manifest.layers[0]?.digest, likely?.digest]);
  });

  it('lists a tree without its files', async () => {
    const tree = await readImageTree(store, await imageOf(honest));
    const files: string[] = [];
    for await (const { path } of listFiles(tree, tree.commit)) files.push(path);
    expect(files).toEqual([
      '/usr/bin/link',
      '/usr/bin/tool',
      '/usr/etc/empty',
      '/usr/etc/name with ünicode',
      '/usr/share/image.json',
    ]);
  });

  it('stops when the signal comes while it waits for a registry', async () => {
    const stop = new AbortController();
    const waiting: ContentStore = {
      ...store,
      async *readBlob(_descriptor, signal) {
        yield* [];
        await new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('stopped')));
          stop.abort();
        });
      },
    };
    const image = await imageOf(honest);
    await expect(readFiles(waiting, image, ['/usr/share/image.json'], undefined, stop.signal)).rejects.toThrow(
      'stopped',
    );
  });

  it('finds a forged file', async () => {
    const image = await imageOf([metadata, contentEntries({ ...small, content: '{"evil":1}' })]);
    await expect(readFiles(store, image, ['/usr/share/image.json'])).rejects.toMatchObject({ code: 'OBJECT_CHECKSUM' });
  });
});
