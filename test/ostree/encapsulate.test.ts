import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCache } from '../../src/cache/cache.ts';
import { cacheKinds } from '../../src/cache/kinds.ts';
import { type Digest, digestOf } from '../../src/lib/digest.ts';
import { storeBytes } from '../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { type Descriptor, mediaTypes } from '../../src/oci/types.ts';
import { layerComponents } from '../../src/ostree/encapsulate/image.ts';
import { layerReuse } from '../../src/ostree/encapsulate/reuse.ts';
import type { EncapsulatedImage, EncapsulateOptions, LayerContent } from '../../src/ostree/encapsulate/types.ts';
import { encapsulate } from '../../src/ostree/encapsulate.ts';
import { commitObject } from '../../src/ostree/objects.ts';
import { scanTree } from '../../src/ostree/tree.ts';
import { type Reporter, silentReporter } from '../../src/progress/reporter.ts';
import { commitOptions, makeTree, ostree, ostreeCommit } from './fixture.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cosa-encapsulate-'));
  makeTree(join(directory, 'root'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const layers: LayerContent[] = [
  { components: ['coreutils', 'iputils-arping'], paths: ['/usr/bin/true', '/usr/bin/false', '/usr/bin/arping'] },
  { components: ['shadow'], paths: ['/usr/etc/shadow', '/usr/bin/su'] },
  { components: ['a', 'b', 'c', 'd', 'e'], paths: ['/usr/lib/größe', '/usr/lib/empty', '/usr/lib/copy-of-true'] },
];

interface Variation extends Partial<EncapsulateOptions> {
  previous?: EncapsulatedImage;
  cache?: string;
}

async function build({ previous, cache = 'layers', ...variation }: Variation = {}): Promise<EncapsulatedImage> {
  const root = join(directory, 'root');
  const reporter: Reporter = silentReporter();
  const tree = await scanTree(root, reporter);
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  await using kept = await openCache(join(directory, cache), cacheKinds.layers);
  const image = await encapsulate({
    root,
    tree,
    commit: commitObject(tree.root, commitOptions),
    timestamp: commitOptions.timestamp,
    layers,
    architecture: 'amd64',
    compression: 'zstd',
    labels: { 'org.opencontainers.image.version': '1.0' },
    store,
    reuse: layerReuse(store, kept, previous && { image: previous, reader: store }),
    reporter,
    ...variation,
  });
  await store.setTags(['test'], image.descriptor);
  return image;
}

const blobFile = (digest: string) => join(directory, 'oci/blobs/sha256', digest.slice('sha256:'.length));

function uncompressed(image: EncapsulatedImage): Buffer[] {
  return image.manifest.layers.map(({ digest, mediaType }) => {
    const blob = readFileSync(blobFile(digest));
    return mediaType.endsWith('gzip')
      ? gunzipSync(blob)
      : execFileSync('zstd', ['-dc'], { input: blob, maxBuffer: 1 << 26 });
  });
}

describe('encapsulate', () => {
  it.each(['zstd', 'gzip'] as const)(
    'makes layers with %s that the ostree command verifies and imports',
    async (compression) => {
      const image = await build({ compression });
      const target = join(directory, 'unpacked');
      mkdirSync(target);
      const owner = process.getuid?.() === 0 ? [] : ['--no-same-owner'];
      for (const layer of uncompressed(image)) {
        execFileSync('tar', ['-x', '-p', '--xattrs', '--xattrs-include=*', ...owner], { cwd: target, input: layer });
      }
      const repository = join(target, 'sysroot/ostree/repo');
      ostree(`--repo=${repository}`, 'fsck');
      const archive = join(directory, 'archive');
      ostree(`--repo=${archive}`, 'init', '--mode=archive');
      const commit = image.manifest.annotations?.['ostree.commit'] ?? '';
      ostree(`--repo=${archive}`, 'pull-local', repository, commit);
      ostree(`--repo=${archive}`, 'fsck');
      expect(ostreeCommit(archive, join(directory, 'root'))).toBe(commit);
      // The layout beside the repository is the same tree, with /etc where a container looks for it.
      expect(readFileSync(join(target, 'etc/shadow'), 'utf8')).toBe('root:*:::::::');
      expect(readFileSync(join(target, 'usr/lib/größe'))).toHaveLength(300_000);
      expect(readdirSync(join(target, 'usr')).sort()).toEqual(['bin', 'lib']);
    },
  );

  it('writes digests, diffids, labels and history that fit together', async () => {
    const image = await build();
    const { manifest, config } = image;
    const tars = uncompressed(image);
    expect(tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`)).toEqual(
      config.rootfs.diff_ids,
    );
    for (const { digest, size } of [...manifest.layers, manifest.config])
      expect(readFileSync(blobFile(digest))).toHaveLength(size);
    expect(JSON.parse(readFileSync(blobFile(manifest.config.digest), 'utf8'))).toEqual(config);
    expect(config).toMatchObject({
      architecture: 'amd64',
      os: 'linux',
      created: '2023-11-14T22:13:20Z',
      config: { Cmd: ['/sbin/init'], StopSignal: 'SIGRTMIN+3', Labels: manifest.annotations },
      history: ['ostree commit', 'coreutils and iputils-arping', 'shadow', '5 components'].map((created_by) => ({
        created: '2023-11-14T22:13:20Z',
        created_by,
      })),
    });
    expect(manifest.annotations).toMatchObject({
      'org.opencontainers.image.version': '1.0',
      'ostree.final-diffid': config.rootfs.diff_ids.at(-1),
    });
    expect(layerComponents(manifest)).toEqual([[], ...layers.map(({ components }) => components)]);
  });

  it('gives the same digest from another directory, without the cache', async () => {
    const first = await build({ cache: 'one' });
    rmSync(join(directory, 'oci'), { recursive: true });
    const moved = join(directory, 'moved');
    makeTree(moved);
    const second = await build({ root: moved, cache: 'two' });
    expect(second.layers.every(({ reused }) => !reused)).toBe(true);
    expect(second.descriptor).toEqual(first.descriptor);
  });

  it('neither reads nor writes a layer that was written here before', async () => {
    const first = await build();
    const again = await build({ root: join(directory, 'nowhere') });
    expect(again.layers.every(({ reused }) => reused)).toBe(true);
    expect(again.descriptor).toEqual(first.descriptor);
  });

  it('writes a layer that only the previous image knows, and says that hosts have it', async () => {
    const previous = await build();
    const again = await build({ previous, cache: 'empty' });
    expect(again.layers.every(({ reused }) => reused)).toBe(true);
    expect(again.descriptor).toEqual(previous.descriptor);
  });

  describe('on a previous image that has our content key on other bytes', () => {
    const evil = gzipSync(Buffer.from('a tar with another usr/bin/su'));
    const mediaType = mediaTypes.layerGzip;

    /** The genuine image, one of whose layers was replaced. */
    async function poisoned(genuine: EncapsulatedImage, diffId: Digest): Promise<EncapsulatedImage> {
      await using store = await openLayoutForWriting(join(directory, 'oci'));
      const { digest, size } = await storeBytes(store, evil, mediaType);
      const replace = (layer: Descriptor, index: number) =>
        index === 2 ? { ...layer, mediaType, digest, size } : layer;
      const diffIds = genuine.config.rootfs.diff_ids.map((genuineId, index) => (index === 2 ? diffId : genuineId));
      return {
        ...genuine,
        manifest: { ...genuine.manifest, layers: genuine.manifest.layers.map(replace) },
        config: { ...genuine.config, rootfs: { type: 'layers', diff_ids: diffIds } },
      };
    }

    const cases = (['empty', 'layers'] as const).flatMap((cache) => [
      { cache, says: 'the diffid of those bytes', diffIdOf: () => digestOf(gunzipSync(evil)) },
      {
        cache,
        says: 'the diffid of ours',
        diffIdOf: ({ config }: EncapsulatedImage) => config.rootfs.diff_ids[2] ?? digestOf(''),
      },
    ]);
    it.each(cases)('takes nothing of it: cache $cache, config says $says', async ({ cache, diffIdOf }) => {
      const genuine = await build();
      const previous = await poisoned(genuine, diffIdOf(genuine));
      const next = await build({ previous, cache });
      expect(next.descriptor).toEqual(genuine.descriptor);
      expect(next.layers.map(({ reused }) => reused)).toEqual([true, true, cache === 'layers', true]);
    });
  });

  it('writes only layer 0 and the layer of the component that changed', async () => {
    const previous = await build();
    appendFileSync(join(directory, 'root/usr/etc/shadow'), '\n');
    const next = await build({ previous });
    expect(next.layers.map(({ reused }) => reused)).toEqual([false, true, false, true]);
    expect(next.manifest.annotations?.['ostree.commit']).not.toBe(previous.manifest.annotations?.['ostree.commit']);
  });

  it('writes a layer again when its blob is gone, when the cache is damaged, or with another compression', async () => {
    const first = await build();
    rmSync(blobFile(first.layers[2]?.descriptor.digest ?? ''));
    expect((await build()).layers.map(({ reused }) => reused)).toEqual([true, true, false, true]);
    const records = readdirSync(join(directory, 'layers/layers')).filter((name) => name.endsWith('.json'));
    expect(records).not.toEqual([]);
    for (const name of records) writeFileSync(join(directory, 'layers/layers', name), '{"descriptor":');
    expect((await build()).layers.some(({ reused }) => reused)).toBe(false);
    expect((await build({ compression: 'gzip' })).layers.some(({ reused }) => reused)).toBe(false);
  });

  it('fails if a file has changed since the scan, and leaves no blob', async () => {
    const changed = join(directory, 'changed');
    makeTree(changed);
    appendFileSync(join(changed, 'usr/lib/größe'), 'more');
    await expect(build({ root: changed })).rejects.toThrow(
      expect.objectContaining({
        code: 'TREE_CHANGED',
        message: '/usr/lib/größe has changed since the tree was scanned',
      }),
    );
    const blobs = execFileSync('find', [join(directory, 'oci'), '-name', '*.tmp'], { encoding: 'utf8' });
    expect(blobs).toBe('');
  });

  it('stops when it is told to', async () => {
    const reason = new Error('interrupted');
    await expect(build({ reporter: silentReporter(AbortSignal.abort(reason)) })).rejects.toBe(reason);
  });

  it('reports progress up to the last byte', async () => {
    const seen: [number, number | undefined][] = [];
    const reporter = { ...silentReporter(), progress: (done: number, total?: number) => void seen.push([done, total]) };
    await build({ reporter });
    const [done, total] = seen.at(-1) ?? [];
    expect(done).toBe(total);
  });
});
