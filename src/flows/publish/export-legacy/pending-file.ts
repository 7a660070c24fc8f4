import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { digestFile, digestHex } from '../../../lib/digest.ts';
import type { Image } from '../../../oci/image.ts';
import { maximumManifestBytes } from '../../../oci/schemas.ts';
import type { ContentReader } from '../../../oci/store.ts';
import { readSmallBlob } from '../../../oci/verified.ts';
import type { LegacyArtifact, LegacyMeta } from '../../../publish/legacy/meta.ts';
import { containerFileNames } from '../../../publish/legacy/paths.ts';
import type { UploadSource } from '../../../publish/object-store.ts';
import type { Session } from '../../../workspace/session.ts';
import { archiveImage } from '../export-archive.ts';
import type { DescribedBuild } from './describe-build.ts';
import type { LegacyFile } from './legacy-images.ts';

type Entry = LegacyArtifact & { size: number };

/** A file that is to lie beside a record. */
export interface PendingFile {
  /** Upstream's name of what it is: `ostree`, `qemu`. */
  artifact: string;
  name: string;
  /** What the record says of it; `undefined` as long as it has to be made for that. */
  entry: Entry | undefined;
  /** Makes it, if need be. @param scratch gives a directory for what is made */
  prepare(scratch: () => Promise<string>): Promise<{ entry: Entry; source: UploadSource }>;
}

/**
 * The container as an archive. It is made only where it is not known to be there: the same container gives the same one.
 * @param present the record that is there
 */
export function archiveFile(
  session: Session,
  from: { reader: ContentReader; image: Image },
  build: DescribedBuild,
  present: LegacyMeta | undefined,
): PendingFile {
  const name = containerFileNames(build).archive;
  const { ostree, 'oci-manifest': manifest } = present?.images ?? {};
  const isKnown = ostree?.path === name && manifest?.sha256 === digestHex(build.digest) && ostree.size !== undefined;
  return {
    artifact: 'ostree',
    name,
    entry: isKnown ? archiveEntry(name, ostree.sha256, ostree.size ?? 0) : undefined,
    async prepare(scratch) {
      const path = join(await scratch(), name);
      await archiveImage(session, path, from);
      const { digest, size } = await digestFile(path);
      const entry = archiveEntry(name, digestHex(digest), size);
      return { entry, source: fileSource(path, entry) };
    },
  };
}

function archiveEntry(path: string, sha256: string, size: number): Entry {
  return { path, sha256, size, 'skip-compression': true };
}

/** The container's manifest by itself, so that its digest stands in the record. */
export async function manifestFile(
  { reader, image: { descriptor } }: { reader: ContentReader; image: Image },
  build: DescribedBuild,
): Promise<PendingFile> {
  const bytes = await readSmallBlob(reader, descriptor, maximumManifestBytes);
  const name = containerFileNames(build).manifest;
  const entry = { path: name, sha256: digestHex(build.digest), size: bytes.length, 'skip-compression': true };
  const source: UploadSource = {
    ...entry,
    async *open(start, end) {
      yield bytes.subarray(start, end);
    },
  };
  return { artifact: 'oci-manifest', name, entry, prepare: async () => ({ entry, source }) };
}

/** A disk image's file. */
export function diskFile({ artifact, path, entry }: LegacyFile): PendingFile {
  return {
    artifact,
    name: entry.path,
    entry,
    prepare: async () => ({ entry, source: fileSource(path, entry) }),
  };
}

function fileSource(path: string, { size, sha256 }: Entry): UploadSource {
  return {
    size,
    sha256,
    open: (start, end, signal) =>
      start === end
        ? nothing()
        : (createReadStream(path, { start, end: end - 1, signal, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>),
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // Node reads at least one byte of a range.
}
