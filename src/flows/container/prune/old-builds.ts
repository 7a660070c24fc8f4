import { disksTag } from '../../../contract/tags.ts';
import { namedDiskImages } from '../../../disk/distribution/offered.ts';
import type { Digest } from '../../../lib/digest.ts';
import { sortByBytes } from '../../../lib/order.ts';
import { mapParallel } from '../../../lib/parallel.ts';
import { attempt } from '../../../oci/attempt.ts';
import { readManifest } from '../../../oci/image.ts';
import type { ContentReader } from '../../../oci/store.ts';
import type { Descriptor } from '../../../oci/types.ts';
import { attachedTags } from '../../../workspace/containers/attached-tags.ts';
import { newestFirst } from '../../../workspace/containers/contents.ts';
import { imageManifests, imagesAtOnce, imageTags, readIfImage } from '../../../workspace/containers/images.ts';
import { type ContainerSummary, summarize } from '../../../workspace/containers/summary.ts';

/** Builds that nobody needs any more. */
export interface OldBuilds {
  /** Their tags, sorted. */
  versions: readonly string[];
  /** Their manifests, none of which another tag needs: an index before its images. */
  digests: readonly Digest[];
}

interface TaggedBuild {
  tag: string;
  /** Of a manifest or an index. */
  descriptor: Descriptor;
  /** The manifests that the tag stands for, the index's own first. */
  digests: readonly Digest[];
  /** Of the image; of an index, of its first. */
  summary: ContainerSummary | undefined;
  /** Of disk images, the containers that they were made of: these stay as long as somebody names them by a tag of their own. */
  containers: readonly Digest[];
}

/**
 * A tag of an index or image that cannot be read is one that somebody has set: it stays, and so does what it is known to
 * name.
 */
async function readTagged(reader: ContentReader, tag: string, descriptor: Descriptor): Promise<TaggedBuild> {
  const images = (await attempt(() => imageManifests(reader, descriptor))).value ?? [];
  const [first] = images;
  const image = first === undefined ? undefined : (await attempt(() => readIfImage(reader, first))).value;
  const digests = new Set([descriptor.digest, ...images.map(({ digest }) => digest)]);
  const containers = image === undefined ? await containersOf(reader, descriptor) : [];
  return { tag, descriptor, digests: [...digests], summary: image && summarize(image), containers };
}

async function containersOf(reader: ContentReader, descriptor: Descriptor): Promise<readonly Digest[]> {
  const { value: disks = [] } = await attempt(() => namedDiskImages(reader, descriptor));
  const manifests = await mapParallel(
    disks,
    (disk) => attempt(() => readManifest(reader, disk.descriptor)),
    imagesAtOnce,
  );
  return [...new Set(manifests.flatMap(({ value }) => value?.subject?.digest ?? []))];
}

/**
 * The builds beyond the newest `keep` of their stream which have no tag besides their version, and that of their disk
 * images.
 */
export async function findOldBuilds(reader: ContentReader, keep: number): Promise<OldBuilds> {
  const { tags } = await imageTags(reader);
  const tagged = await mapParallel([...tags], ([tag, descriptor]) => readTagged(reader, tag, descriptor), imagesAtOnce);
  const isVersion = ({ tag, summary }: TaggedBuild) => summary?.version === tag;
  const diskTags = new Set(tagged.filter(isVersion).map(({ tag }) => disksTag(tag)));
  const isOfVersion = ({ tag, containers }: TaggedBuild) => containers.length > 0 && diskTags.has(tag);
  const named = new Set(
    tagged
      .filter((build) => !isVersion(build) && !isOfVersion(build))
      .flatMap(({ digests, containers }) => [...digests, ...containers]),
  );
  const old = new Set(
    [...byStream(tagged.filter(isVersion)).values()]
      .flatMap((builds) => builds.slice(keep))
      .filter(({ digests }) => !digests.some((digest) => named.has(digest))),
  );
  const gone = new Set([...old].flatMap(({ digests }) => digests));
  const disks = tagged.filter((build) => isOfVersion(build) && build.containers.every((digest) => gone.has(digest)));
  // What lists disk images goes before them.
  const removed = new Set([...disks, ...old]);
  const needed = new Set(tagged.filter((build) => !removed.has(build)).flatMap(({ digests }) => digests));
  const digests = new Set([...removed].flatMap((build) => build.digests).filter((digest) => !needed.has(digest)));
  return { versions: sortByBytes([...removed].map(({ tag }) => tag)), digests: [...digests] };
}

/** The tags of old builds, and those under which something is attached to them and to their disk images. */
export async function tagsOf(reader: ContentReader, { versions, digests }: OldBuilds): Promise<ReadonlySet<string>> {
  return new Set([...versions, ...(await attachedTags(reader, digests))]);
}

/** Newest first. */
function byStream(builds: readonly TaggedBuild[]): Map<string, TaggedBuild[]> {
  const streams = new Map<string, TaggedBuild[]>();
  for (const build of builds) {
    const stream = build.summary?.stream ?? '';
    streams.set(stream, [...(streams.get(stream) ?? []), build]);
  }
  for (const ofStream of streams.values()) {
    ofStream.sort((a, b) => (a.summary && b.summary ? newestFirst(a.summary, b.summary) : 0));
  }
  return streams;
}
