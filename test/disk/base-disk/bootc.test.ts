import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeBaseDisk, openBaseDisk } from '../../../src/disk/base-disk.ts';
import { planDisk } from '../../../src/disk/partitions.ts';
import { digestOf } from '../../../src/lib/digest.ts';
import { storeBytes } from '../../../src/oci/artifact.ts';
import { type Image, readImage } from '../../../src/oci/image.ts';
import { openLayout, openLayoutForWriting } from '../../../src/oci/layout.ts';
import { mediaTypes } from '../../../src/oci/types.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { makeTestContainer } from '../../helpers/container.ts';
import { storeImageOf } from '../../helpers/image.ts';
import { makeOsTree } from '../../helpers/os-tree.ts';
import { type Entry, entry, tarOf } from '../../helpers/ostree-layers.ts';

// What bootc and rpm-ostree demand of a deployment before they show or update it: `query_image_commit` and
// `get_image_origin` of bootc. bootc itself is not run.

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-bootc-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const layout = () => join(directory, 'oci');

async function ostreeContainer(files: Readonly<Record<string, string>>): Promise<Image> {
  const root = join(directory, 'tree');
  await makeOsTree(root, { files });
  const descriptor = await makeTestContainer({ layout: layout(), tag: 'test', root, layers: 3 });
  return readImage(await openLayout(layout()), descriptor);
}

/** An image of layers that are there, and further ones. */
async function imageOf(below: Image | undefined, layers: readonly (readonly Entry[])[]): Promise<Image> {
  await using store = await openLayoutForWriting(layout());
  const tars = layers.map(tarOf);
  const blobs = await Promise.all(tars.map((tar) => storeBytes(store, gzipSync(tar), mediaTypes.layerGzip)));
  const descriptor = await storeImageOf(
    store,
    [...(below?.manifest.layers ?? []), ...blobs],
    [...(below?.config.rootfs.diff_ids ?? []), ...tars.map(digestOf)],
    below?.config.config?.Labels ?? {},
  );
  return await readImage(store, descriptor);
}

const file = (path: string, content: string) => entry(path, { uid, gid }, content);

function ordinaryLayers(): Entry[][] {
  const release = 'usr/lib/modules/6.12.0-test';
  return [
    [
      file('usr/bin/bootc', 'bootc'),
      file('etc/hostname', 'localhost\n'),
      file('usr/lib/os-release', 'ID=other\nPRETTY_NAME="Other 1"\n'),
      file(`${release}/vmlinuz`, 'kernel'),
      file(`${release}/initramfs.img`, 'initramfs'),
      file('usr/lib/shim/shimx64.efi.signed', 'shim'),
      file('usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed', 'GRUB'),
      file('usr/share/hidden', 'hidden'),
    ],
    [entry('usr/share/.wh.hidden'), file('usr/share/more', 'more')],
  ];
}

const reference = 'ostree-unverified-registry:registry.example.com/my/os:stable';

/** Makes a disk, and takes the repository out of its root filesystem. */
async function deployed(image: Image) {
  const reader = await openLayout(layout());
  const { digest } = image.descriptor;
  const described = { digest, name: 'test-os', version: '1.0', architecture: 'x86_64', timestamp: 1 } as const;
  const path = join(directory, 'base');
  await mkdir(path);
  const container = { ...described, followed: reference };
  await makeBaseDisk({ reader, image, container, sectorSize: 512 }, path, silentReporter());
  await using base = await openBaseDisk(path);
  const plan = planDisk(base.partitions, {
    container: digest,
    sectorSize: 512,
    size: 'least',
    rootBytes: base.rootBytes,
  });
  const { offset, size } = plan.partition('root');
  const root = join(directory, 'root.img');
  const mebibytes = (bytes: number) => bytes / 2 ** 20;
  const range = ['bs=1M', `skip=${mebibytes(offset)}`, `count=${mebibytes(size)}`, 'conv=sparse', 'status=none'];
  execFileSync('dd', [`if=${join(path, 'disk.raw')}`, `of=${root}`, ...range]);
  execFileSync('truncate', ['--size', String(size), root]);
  const debugfs = (command: string) =>
    execFileSync('debugfs', ['-R', command, root], { encoding: 'utf8', stdio: 'pipe' });
  debugfs(`rdump /ostree/repo ${directory}`);
  const origin = debugfs(`cat /ostree/deploy/test-os/deploy/${base.commit}.0.origin`);
  const ostree = (...args: string[]) =>
    execFileSync('ostree', [`--repo=${join(directory, 'repo')}`, ...args], { encoding: 'utf8', stdio: 'pipe' });
  return { commit: base.commit, origin, ostree };
}

const blobRef = (image: Image, index: number) =>
  `ostree/container/blob/sha256_3A_${image.manifest.layers[index]?.digest.slice('sha256:'.length)}`;
const imageRef = 'ostree/container/image/docker_3A__2F__2F_registry_2E_example_2E_com/my/os_3A_stable';

describe('a deployment of a container with bootc has what bootc demands', () => {
  it.each([
    { name: 'an ostree container', make: () => ostreeContainer({ 'usr/bin/bootc': 'bootc' }), known: [0, 1, 2, 3] },
    {
      name: 'a derived container',
      make: async () =>
        imageOf(await ostreeContainer({ 'usr/bin/bootc': 'bootc' }), [
          [entry('usr/bin/.wh.program'), file('etc/x', 'x')],
        ]),
      known: [0, 1, 2, 3],
    },
    { name: 'an ordinary container', make: () => imageOf(undefined, ordinaryLayers()), known: [0] },
  ])('$name', async ({ make, known }) => {
    const image = await make();
    const { commit, origin, ostree } = await deployed(image);
    expect(origin).toContain(`\ncontainer-image-reference=${reference}\n`);
    const metadata = (key: string) => ostree('show', `--print-metadata-key=${key}`, commit).trim();
    const text = (key: string) =>
      metadata(key)
        .replace(/^'(.*)'$/s, '$1')
        .replaceAll("\\'", "'");
    expect(text('ostree.manifest-digest')).toBe(image.descriptor.digest);
    expect(JSON.parse(text('ostree.manifest'))).toEqual(image.manifest);
    expect(JSON.parse(text('ostree.container.image-config').replaceAll('\\\\', '\\'))).toEqual(image.config);
    const first = ostree('rev-parse', blobRef(image, 0)).trim();
    // The first layer's commit is the merge's parent.
    expect(ostree('rev-parse', `${commit}^`).trim()).toBe(first);
    expect(ostree('rev-parse', imageRef).trim()).toBe(commit);
    const refs = ostree('refs', '--list', 'ostree/container/blob').trim().split('\n');
    expect(refs.sort()).toEqual(known.map((index) => blobRef(image, index)).sort());
    ostree('fsck');
    for (const ref of refs) ostree('ls', '--recursive', '--checksum', ref);
  });

  it('with a commit of the first layer alone, what later layers hide included', async () => {
    const image = await imageOf(undefined, ordinaryLayers());
    const { ostree, commit } = await deployed(image);
    expect(ostree('cat', blobRef(image, 0), '/usr/share/hidden')).toBe('hidden');
    expect(() => ostree('cat', commit, '/usr/share/hidden')).toThrow();
  });

  it('and a layer of an ostree commit is a commit of its objects under their names', async () => {
    const image = await ostreeContainer({ 'usr/bin/bootc': 'bootc' });
    const { ostree } = await deployed(image);
    const listed = ostree('ls', '--checksum', blobRef(image, 1)).trim().split('\n').slice(1);
    expect(listed.length).toBeGreaterThan(0);
    for (const line of listed) expect(line).toMatch(/ ([0-9a-f]{64}) \/\1( -> .*)?$/);
  });

  it('and one without bootc has none of it', async () => {
    const image = await ostreeContainer({});
    const { ostree, commit } = await deployed(image);
    expect(ostree('refs').trim()).toBe('ostree/1/1/0');
    expect(commit).toBe(image.config.config?.Labels?.['ostree.commit']);
  });
});
