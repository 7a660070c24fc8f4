import { disksTag } from '../../contract/tags.ts';
import type { DiskImageManifest } from '../../disk/distribution/manifest.ts';
import { platformOfRecord } from '../../disk/distribution/manifest.ts';
import { diskImagesIn } from '../../disk/distribution/offered.ts';
import { readDiskImage } from '../../disk/distribution/read.ts';
import { signDiskImage } from '../../disk/distribution/sign.ts';
import { type DiskImageSource, diskImageSource } from '../../disk/distribution/source.ts';
import type { RecordedDiskImage } from '../../disk/images-in.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { type Digest, digestHex } from '../../lib/digest.ts';
import type { Image } from '../../oci/image.ts';
import type { Place } from '../../oci/place.ts';
import { readSigningKeyFile } from '../../oci/signatures/key-files.ts';
import type { SigningKey } from '../../oci/signatures/keys.ts';
import { isTag } from '../../oci/tag.ts';
import { runStep } from '../../progress/step.ts';
import { localImages } from '../../workspace/disk-images/local-images.ts';
import { describeContainer } from '../../workspace/disk-images/source-container.ts';
import { resolveImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { signedName } from '../../workspace/signed-name.ts';
import { parseDestination } from '../../workspace/transfer/destination.ts';
import { openIfThere, type Transferred, transfer } from '../../workspace/transfer.ts';
import { type DiskImagesToTag, imagesToKeep, tagDiskImages } from './push/tag-disk-images.ts';

export interface PushImagesOptions {
  /** Where the command runs; relative paths start there. */
  directory: string;
  /** Paths of images, or names of platforms; none for all that were made of the container. */
  names: readonly string[];
  /** A reference; without a tag, that of the version's disk images. */
  destination: string;
  /** Reference of the container; the newest build unless given. */
  from?: string | undefined;
  /** Which image of several; this machine's unless given. */
  architecture?: ArchitectureName | undefined;
  /** Let a version get other disk images, too. */
  force?: boolean | undefined;
  /** Only say what would move. */
  dryRun?: boolean | undefined;
  /** Signs each image, with its provenance; nothing does unless given. */
  signing?: ImageSigning | undefined;
}

interface ImageSigning {
  /** File with the private key. */
  key: string;
  /** Asked only if the key is encrypted. */
  passphrase: () => Promise<string>;
  /** The name to sign under; that of the repository in a registry unless given. */
  identity?: string | undefined;
}

/** A disk image that has gone to a registry. */
interface PushedImage {
  platform: string;
  architecture: string;
  /** With its compressor: `qcow2.xz`. */
  format: string;
  /** Of its manifest. */
  digest: Digest;
  /** Bytes of its files. */
  size: number;
  files: readonly string[];
}

export interface PushedImages extends Pick<Transferred, 'destination' | 'blobs' | 'bytes' | 'leftOut'> {
  /** Of the container that they refer to. */
  container: Digest;
  tag: string;
  /** True if the tag had to be moved. */
  moved: boolean;
  /** The name that the images are signed under, if they are. */
  identity: string | undefined;
  images: readonly PushedImage[];
}

/**
 * Brings disk images to a registry, or to any other place: as referrers of their container, and in an index under a tag of
 * their own. The container goes along where it is missing, and what refers to it: its list of packages, signatures, test
 * results. Everything is verified while it is read, and the tag is set last.
 * @throws CosaError what `resolveImage`, `localImages`, `parseDestination`, `transfer` and `tagDiskImages` throw
 */
export async function pushImages(session: Session, options: PushImagesOptions): Promise<PushedImages> {
  const { directory, names, from, architecture, force = false, dryRun = false } = options;
  const { work, reference, image } = await resolveImage(session, directory, from, architecture);
  const container = describeContainer(image);
  const images = await localImages({ names, directory, images: work.images, container });
  const to = parseDestination(options.destination, work.root);
  // Asked first: after gigabytes, a wrong passphrase would leave them unsigned.
  const signing = options.signing && (await readSigning(options.signing, directory, to.place, options.destination));
  const source = diskImageSource(reference.reader, image.descriptor, images);
  const tagging: DiskImagesToTag = {
    place: to.place,
    tag: to.tag ?? disksTag(versionTag(container)),
    version: container.version,
    container: container.digest,
    images: source.manifests.map(({ descriptor }, index) => ({
      descriptor,
      platform: platformOfRecord((images[index] as RecordedDiskImage).record),
    })),
    force,
  };
  const there = await openIfThere(to.place, session);
  // Before gigabytes go over: it is asked again in the end.
  await imagesToKeep(there, await there.resolveTag(tagging.tag), tagging);
  const { destination, blobs, bytes, leftOut } = await transfer(session, {
    from: { place: reference.place, reader: source.reader, descriptor: image.descriptor },
    to: to.place,
    tags: (await there.resolveDigest(container.digest)) === undefined ? [versionTag(container)] : [],
    images: [image],
    extent: 'referrers',
    diskImages: true,
    force,
    dryRun,
  });
  if (signing !== undefined && !dryRun) await signImages(session, to.place, source, signing);
  return {
    destination,
    container: container.digest,
    tag: tagging.tag,
    identity: signing?.identity,
    moved: dryRun ? false : await setTag(session, to.place, tagging),
    images: source.manifests.map((manifest, index) => pushedImage(manifest, images[index] as RecordedDiskImage)),
    blobs,
    bytes,
    leftOut,
  };
}

interface SigningWith {
  key: SigningKey;
  identity: string;
}

async function readSigning(
  signing: ImageSigning,
  directory: string,
  place: Place,
  destination: string,
): Promise<SigningWith> {
  const identity = signedName(signing.identity, place, destination);
  return { key: await readSigningKeyFile(directory, signing), identity };
}

async function signImages(
  session: Session,
  place: Place,
  { reader, manifests }: DiskImageSource,
  { key, identity }: SigningWith,
): Promise<void> {
  await runStep(session, 'sign disk images', async (reporter) => {
    await using store = await place.openForWriting(session.registries);
    const shared = place.setsTagsAtomically !== true;
    for (const offered of diskImagesIn(manifests.map(({ descriptor }) => descriptor))) {
      await signDiskImage(store, await readDiskImage(reader, offered), { key, identity, shared });
    }
    reporter.note(`as ${identity}`);
  });
}

async function setTag(session: Session, place: Place, tagging: DiskImagesToTag): Promise<boolean> {
  return runStep(session, `tag ${place.format({ tag: tagging.tag })}`, async () => {
    await using store = await place.openForWriting(session.registries);
    return (await tagDiskImages(store, tagging)).moved;
  });
}

/** Of a container whose version cannot be a tag, its digest has to do. */
function versionTag({ version, digest }: { version: string; digest: Image['descriptor']['digest'] }): string {
  return isTag(disksTag(version)) ? version : digestHex(digest).slice(0, 12);
}

function pushedImage(
  { descriptor: { digest } }: DiskImageManifest,
  { record }: Pick<RecordedDiskImage, 'record'>,
): PushedImage {
  const { platform, architecture, format, files } = record;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return { platform, architecture, format, digest, size, files: files.map(({ name }) => name) };
}
