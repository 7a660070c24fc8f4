import { type ArchitectureName, architectureNamed } from '../../lib/architecture.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { digestHex, digestOf } from '../../lib/digest.ts';
import { blockSize } from '../../lib/tar/types.ts';
import { encodeEntry, endOfArchive, padding } from '../../lib/tar/writer.ts';
import { layoutFileText } from '../../oci/layout/index-file.ts';
import { mediaTypes } from '../../oci/types.ts';
import { gzip } from '../compressors/gzip.ts';
import { deflateParameters } from '../formats/deflate-parameters.ts';
import type { DiskFormat, FormatRequest, ImageSink } from '../formats/format.ts';
import { planQcow2 } from '../formats/qcow2.ts';
import type { WrittenFile } from '../image-file/file-sink.ts';
import { memberHeader } from './archive-member.ts';
import { measuredSink } from './measured-sink.ts';

/** What the container in the archive says of itself. */
interface KubevirtContainer {
  version: string;
  architecture: ArchitectureName;
}

/** Where KubeVirt looks for a disk: the only file there. */
const directory = 'disk';

/** KubeVirt's `containerDisk`: an OCI archive of a container with one layer, in which is the disk as a qcow2. */
export function kubevirtArchive(container: KubevirtContainer): DiskFormat {
  return {
    name: 'kubevirt-archive',
    extension: 'ociarchive',
    isCompressed: true,
    parameters: deflateParameters,
    write: (request, sink) => write(container, request, sink),
  };
}

async function write(container: KubevirtContainer, request: FormatRequest, sink: ImageSink): Promise<void> {
  await appendMember(sink, 'oci-layout', Buffer.from(layoutFileText));
  const { layer, content } = await appendLayer(request, sink);
  const { oci } = architectureNamed(container.architecture);
  const config = await appendBlob(sink, {
    architecture: oci,
    os: 'linux',
    config: {
      Cmd: ['sh'],
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Labels: { version: container.version },
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${content.sha256}`] },
  });
  const manifest = await appendBlob(sink, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...config },
    layers: [{ mediaType: mediaTypes.layerGzip, digest: `sha256:${layer.sha256}`, size: layer.size }],
  });
  const platform = { architecture: oci, os: 'linux' };
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [{ mediaType: mediaTypes.manifest, ...manifest, platform }],
  };
  await appendMember(sink, 'index.json', Buffer.from(canonicalJson(index)));
  await sink.append(endOfArchive);
}

/** Its name and size are known when it is written. */
async function appendLayer(
  { disk, identity, threads, signal }: FormatRequest,
  archive: ImageSink,
): Promise<{ layer: WrittenFile; content: WrittenFile }> {
  const plan = await planQcow2({ disk, signal });
  const writeHeader = await archive.reserve(blockSize);
  using member = measuredSink(archive, threads, signal);
  using hash = threads.hash();
  using tar = gzip.open(member, { threads, signal, hash });
  const owner = { uid: 0, gid: 0, mtime: 0, linkTarget: '', xattrs: [] };
  await tar.append(encodeEntry({ ...owner, type: 'directory', path: `${directory}/`, mode: 0o755, size: 0 }));
  // KubeVirt reads it as a user of its own.
  const path = `${directory}/${identity.fileName.replace(/\.[^.]*$/, '')}.qcow2`;
  await tar.append(encodeEntry({ ...owner, type: 'file', path, mode: 0o644, size: plan.size }));
  await plan.write(tar);
  await tar.append(padding(plan.size));
  await tar.append(endOfArchive);
  const size = await tar.end();
  const content = { size, sha256: await hash.end() };
  const layer = await member.end();
  await writeHeader(memberHeader(blobPath(layer.sha256), layer.size));
  await archive.append(padding(layer.size));
  return { layer, content };
}

async function appendBlob(sink: ImageSink, document: Parameters<typeof canonicalJson>[0]) {
  const content = Buffer.from(canonicalJson(document));
  const digest = digestOf(content);
  await appendMember(sink, blobPath(digestHex(digest)), content);
  return { digest, size: content.length };
}

async function appendMember(sink: ImageSink, name: string, content: Buffer): Promise<void> {
  await sink.append(memberHeader(name, content.length));
  await sink.append(content);
  await sink.append(padding(content.length));
}

function blobPath(hex: string): string {
  return `blobs/sha256/${hex}`;
}
