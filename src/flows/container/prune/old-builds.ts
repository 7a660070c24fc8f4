import { type Digest, digestHex } from '../../../lib/digest.ts';
import { sortByBytes } from '../../../lib/order.ts';
import { mapParallel } from '../../../lib/parallel.ts';
import { attempt } from '../../../oci/attempt.ts';
import type { ContentReader } from '../../../oci/store.ts';
import { isMachineryTag } from '../../../oci/tag.ts';
import type { Descriptor } from '../../../oci/types.ts';
import { imageManifests, imagesAtOnce, imageTags, readIfImage } from '../images.ts';
import { newestFirst } from '../list.ts';
import { type ContainerSummary, summarize } from '../summary.ts';

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
  return { tag, descriptor, digests: [...digests], summary: image && summarize(image) };
}

/** The builds beyond the newest `keep` of their stream which have no tag besides their version. */
export async function findOldBuilds(reader: ContentReader, keep: number): Promise<OldBuilds> {
  const { tags } = await imageTags(reader);
  const tagged = await mapParallel([...tags], ([tag, descriptor]) => readTagged(reader, tag, descriptor), imagesAtOnce);
  const isVersion = ({ tag, summary }: TaggedBuild) => summary?.version === tag;
  const named = new Set(tagged.filter((build) => !isVersion(build)).flatMap(({ digests }) => digests));
  const old = new Set(
    [...byStream(tagged.filter(isVersion)).values()]
      .flatMap((builds) => builds.slice(keep))
      .filter(({ digests }) => !digests.some((digest) => named.has(digest))),
  );
  const needed = new Set(tagged.filter((build) => !old.has(build)).flatMap(({ digests }) => digests));
  const digests = new Set([...old].flatMap((build) => build.digests).filter((digest) => !needed.has(digest)));
  return { versions: sortByBytes([...old].map(({ tag }) => tag)), digests: [...digests] };
}

/** The tags of old builds, and those under which something is attached to them. */
export async function tagsOf(reader: ContentReader, { versions, digests }: OldBuilds): Promise<ReadonlySet<string>> {
  const prefixes = digests.map((digest) => `sha256-${digestHex(digest)}`);
  const attached = (await reader.tagNames()).filter(
    (tag) => isMachineryTag(tag) && prefixes.some((prefix) => tag.startsWith(prefix)),
  );
  return new Set([...versions, ...attached]);
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
