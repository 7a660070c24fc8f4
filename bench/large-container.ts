import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { digestOf } from '../src/lib/digest.ts';
import { storeBytes } from '../src/oci/artifact.ts';
import { openLayoutForWriting } from '../src/oci/layout.ts';
import { type Descriptor, mediaTypes } from '../src/oci/types.ts';
import { commitObject, contentHash, encodeXattrs, fileTypeBits } from '../src/ostree/objects.ts';
import { directoryObjects } from '../src/ostree/tree/directory-objects.ts';
import type { ContentObject } from '../src/ostree/types.ts';
import { storeImageOf, zstdOf } from '../test/helpers/image.ts';
import { type Entry, entry, metadataEntry, objectName, tarOf } from '../test/helpers/ostree-layers.ts';

const filesInLayer = 2000;
const owner = { uid: 0, gid: 0, xattrs: [] };
const timestamp = 1_700_000_000;

/** What every system has that becomes a disk; its kernel boots nothing. */
const system: Readonly<Record<string, string>> = {
  '/usr/etc/hostname': 'localhost\n',
  '/usr/lib/os-release': 'PRETTY_NAME="Large OS"\n',
  '/usr/lib/modules/6.12.0/vmlinuz': 'kernel',
  '/usr/lib/modules/6.12.0/initramfs.img': 'initramfs',
  '/usr/lib/coreos-assembler/boot/efi/EFI/BOOT/BOOTAA64.EFI': 'shim',
  '/usr/share/coreos-assembler/image.json': '{"rootfs":"ext4"}',
};

/**
 * Makes a container with so many files, of bytes that compress well, layer by layer: it would take long to make a root of
 * them. Of an architecture without a boot loader for BIOS.
 * @param bytes of each file
 * @returns its reference
 */
export async function makeLargeContainer(directory: string, files: number, bytes: number): Promise<string> {
  const contents = new Map<string, () => Buffer>(
    Object.entries(system).map(([path, text]) => [path, () => Buffer.from(text)]),
  );
  for (let index = 0; index < files; index++) {
    const path = `/usr/share/large/${Math.floor(index / 1000)}/file-${index}`;
    contents.set(path, () => contentOf(index, bytes));
  }
  const objects = new Map([...contents].map(([path, content]) => [path, contentObject(content())]));
  const { metadata, root } = directoryObjects(objects, directoriesOf([...objects.keys()]));
  const commit = commitObject(root, { subject: 'large', body: '', timestamp, metadata: {} });

  const layout = join(directory, 'large');
  await using store = await openLayoutForWriting(layout);
  const layers: Descriptor[] = [];
  const diffIds: string[] = [];
  async function addLayer(entries: readonly Entry[]): Promise<void> {
    const tar = tarOf(entries);
    diffIds.push(digestOf(tar));
    layers.push(await storeBytes(store, await zstdOf(tar), mediaTypes.layerZstd));
  }
  await addLayer([commit, ...metadata].map(metadataEntry));
  const paths = [...contents.keys()];
  for (let at = 0; at < paths.length; at += filesInLayer) {
    const entries = paths.slice(at, at + filesInLayer).flatMap((path) => {
      return layerEntries(path, objects.get(path) as ContentObject, (contents.get(path) as () => Buffer)());
    });
    await addLayer(entries);
  }
  const labels = { 'ostree.commit': commit.checksum, 'com.coreos.osname': 'large' };
  await store.setTags(['large'], await storeImageOf(store, layers, diffIds, labels, 'arm64'));
  return `oci:${layout}:large`;
}

/** Every file begins differently, and repeats the same noise then. */
function contentOf(index: number, bytes: number): Buffer {
  const noise = createHash('shake256', { outputLength: 4096 }).update('noise').digest();
  const content = Buffer.alloc(bytes, noise);
  content.writeUInt32LE(index);
  return content;
}

function contentObject(content: Buffer): ContentObject {
  const metadata = { ...owner, mode: fileTypeBits.file | 0o644 };
  const checksum = contentHash(metadata, '').update(content).digest('hex');
  return { ...metadata, checksum, size: content.length, symlinkTarget: '' };
}

function layerEntries(path: string, { checksum }: ContentObject, content: Buffer): Entry[] {
  const name = objectName(checksum, 'file');
  return [
    entry(objectName(checksum, 'file-xattrs-link'), {}, encodeXattrs([])),
    entry(name, {}, content),
    entry(path.slice(1), { type: 'hardlink', linkTarget: name }),
  ];
}

/** All directories on the way to some files, parents first. */
function directoriesOf(
  paths: readonly string[],
): Map<string, Omit<ContentObject, 'checksum' | 'size' | 'symlinkTarget'>> {
  const directory = { ...owner, mode: fileTypeBits.directory | 0o755 };
  const found = new Map([['/', directory]]);
  for (const path of paths) {
    for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      found.set(path.slice(0, slash), directory);
    }
  }
  return found;
}
