import { join } from 'node:path';
import { type OfferedDiskImage, referringDiskImages } from '../../disk/distribution/offered.ts';
import { readDiskImage } from '../../disk/distribution/read.ts';
import { isNamePart } from '../../disk/image-name.ts';
import { recordedImagesIn } from '../../disk/images-in.ts';
import { platforms } from '../../disk/platforms.ts';
import type { RecordedFile } from '../../disk/record.ts';
import { type Digest, digestHex } from '../../lib/digest.ts';
import { attempt } from '../../oci/attempt.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { SiteArtifact, SiteFile } from '../../publish/site/model.ts';

/** The disk images of a container that lie in a work directory's `images/`. */
export async function localArtifacts(
  images: string,
  version: string | undefined,
  container: Digest,
): Promise<SiteArtifact[]> {
  if (version === undefined || !isNamePart(version)) return [];
  const recorded = await recordedImagesIn(join(images, version), container);
  return recorded.map(({ record: { platform, format, files } }) =>
    artifactOf(platform, format, 'directory', files.map(fileOf)),
  );
}

/** The disk images that refer to a container, and what of them cannot be read. */
export async function referringArtifacts(
  reader: ContentReader,
  container: Digest,
): Promise<{ artifacts: SiteArtifact[]; remarks: string[] }> {
  const offered = await attempt(() => referringDiskImages(reader, container));
  const artifacts: SiteArtifact[] = [];
  const remarks = offered.reason === undefined ? [] : [offered.reason];
  for (const image of offered.value ?? []) {
    const read = await attempt(() => referringArtifact(reader, image));
    if (read.reason === undefined) artifacts.push(read.value);
    else remarks.push(read.reason);
  }
  return { artifacts, remarks };
}

async function referringArtifact(reader: ContentReader, offered: OfferedDiskImage): Promise<SiteArtifact> {
  const { platform, format, files } = await readDiskImage(reader, offered);
  return artifactOf(
    platform ?? 'unknown',
    format,
    'registry',
    files.map(({ role, name, blob }) => ({
      role,
      name,
      size: blob.size,
      sha256: digestHex(blob.digest),
      location: undefined,
      signature: undefined,
    })),
  );
}

function fileOf({ role, name, size, sha256 }: RecordedFile): SiteFile {
  return { role, name, size, sha256, location: undefined, signature: undefined };
}

/** A disk image with what we know of its platform. */
export function artifactOf(
  platform: string,
  format: string,
  origin: SiteArtifact['origin'],
  files: readonly SiteFile[],
): SiteArtifact {
  const known = platforms.find(({ name }) => name === platform);
  const image = files[0]?.name ?? 'IMAGE';
  const start = (known?.start ?? []).map(({ does, run }) => ({
    does: named(does, image),
    run: run === undefined ? undefined : named(run, image),
  }));
  return { platform, title: known?.title ?? platform, format, origin, files, start };
}

/** Names of files are checked where they are read: they mean nothing to a shell. */
function named(text: string, image: string): string {
  return text.replaceAll(/\bIMAGE\b/g, () => image);
}
