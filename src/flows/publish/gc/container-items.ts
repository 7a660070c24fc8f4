import { labelNames } from '../../../contract/labels.ts';
import { disksTag } from '../../../contract/tags.ts';
import { type Digest, digestHex } from '../../../lib/digest.ts';
import { labelOf } from '../../../oci/image.ts';
import type { ContentReader } from '../../../oci/store.ts';
import { type Need, protectingTags, type RetainedItem } from '../../../publish/retention/plan.ts';
import { dateOfVersion, timeOf } from '../../../publish/retention/version-date.ts';
import { type NamedContent, readNamedContents } from './named-contents.ts';

/** A container, index or list of disk images in a place. */
export interface ContainerItem extends RetainedItem {
  digest: Digest;
  /** True for a list of disk images, which goes before what it lists. */
  hasDiskImages: boolean;
}

interface Found {
  /** The place, as people write it. */
  place: string;
  contents: readonly NamedContent[];
  /** Of each version that has its own tag, the tag of its disk images. */
  diskTags: ReadonlySet<string>;
  expiring: readonly string[];
  /** The container that the next build follows on, if it lies here. */
  upstream: Digest | undefined;
  /** Why nothing may go. */
  unreadable: readonly string[];
}

/** The key by which a container of a place is needed. */
export function containerKey(place: string, digest: string): string {
  return `${place}@${digest}`;
}

/**
 * All that tags of a place name, as items of a plan: what has no tag but its version's, or those that keep nothing, is what
 * the rules are about. Of an index each image is one, too. If anything cannot be read, everything is pinned.
 * @param options.expiring patterns of tags that keep nothing
 * @param options.upstream the container that the next build follows on
 */
export async function containerItems(
  reader: ContentReader,
  place: string,
  options: { expiring: readonly string[]; upstream?: Digest | undefined },
): Promise<readonly ContainerItem[]> {
  const { contents, unreadable } = await readNamedContents(reader);
  const versions = contents.flatMap((content) => versionTagOf(content) ?? []);
  const diskTags = new Set(versions.map(disksTag));
  const found: Found = { ...options, upstream: options.upstream, place, contents, unreadable, diskTags };
  const items = contents.map((content) => itemOf(content, found));
  const known = new Set(items.map(({ digest }) => digest));
  const listed = contents.flatMap((content) =>
    content.images.filter((digest) => !known.has(digest)).map((digest) => listedItem(content, digest, found)),
  );
  return [...items, ...new Map(listed.map((item) => [item.id, item])).values()];
}

function itemOf(content: NamedContent, found: Found): ContainerItem {
  const { descriptor, tags, image } = content;
  const { digest } = descriptor;
  const versionTag = versionTagOf(content);
  const isOfVersion = isDisksOfVersion(content, found);
  const unnamed = tags.filter((tag) => tag !== versionTag && !(isOfVersion && found.diskTags.has(tag)));
  // Nobody knows when something else than a container has had its day: its tags stay.
  const protecting = image === undefined ? unnamed : protectingTags(unnamed, found.expiring);
  const name = versionTag ?? tags[0] ?? shortName(digest);
  const need = (needed: Digest, why: string): Need => ({ key: containerKey(found.place, needed), why });
  return {
    ...described(content, digest, found),
    kind: kindOf(content),
    name,
    tags,
    isBuild: image !== undefined,
    pinned: [
      ...pinnedAnyway(digest, found),
      ...protecting.map((tag) => `it has the tag "${tag}"`),
      ...(image === undefined && !isOfVersion && protecting.length === 0 ? ['it is no container'] : []),
    ],
    needs: [
      ...[...content.images, ...content.others].map((one) => need(one, `the index ${name} lists it`)),
      ...content.bases.map((base) => need(base, `${name} is derived from it`)),
      ...content.subjects.map((subject) => need(subject, `${name} is about it`)),
      ...disksOf(content, found).map((disks) => need(disks, `they are disk images of ${name}`)),
    ],
    hasDiskImages: isOfVersion,
  };
}

/** An image that has no tag, and lies there because an index lists it. */
function listedItem(content: NamedContent, digest: Digest, found: Found): ContainerItem {
  return {
    ...described(content, digest, found),
    kind: 'container',
    name: `${versionTagOf(content) ?? content.tags[0] ?? ''} (${shortName(digest)})`,
    tags: [],
    isBuild: false,
    pinned: pinnedAnyway(digest, found),
    needs: [],
    hasDiskImages: false,
  };
}

function described({ image }: NamedContent, digest: Digest, { place }: Found) {
  const version = labelOf(image, labelNames.version);
  const said = image?.config.created ?? labelOf(image, labelNames.created);
  return {
    id: containerKey(place, digest),
    keys: [containerKey(place, digest)],
    digest,
    place,
    stream: labelOf(image, labelNames.stream),
    version,
    created: timeOf(said) ?? (version === undefined ? undefined : dateOfVersion(version)),
  };
}

function pinnedAnyway(digest: Digest, { unreadable, upstream }: Found): string[] {
  return [
    ...unreadable.map((reason) => `something there cannot be read, and may need it: ${reason}`),
    ...(digest === upstream ? ['the next build follows on it'] : []),
  ];
}

function versionTagOf({ tags, image }: NamedContent): string | undefined {
  const version = labelOf(image, labelNames.version);
  return version !== undefined && tags.includes(version) ? version : undefined;
}

/** True for what is there under the tag of a version's disk images: it stays and goes with the version's container. */
function isDisksOfVersion({ image, subjects, tags }: NamedContent, { diskTags }: Found): boolean {
  return image === undefined && subjects.length > 0 && tags.some((tag) => diskTags.has(tag));
}

/** The lists of disk images that belong to a version's container. */
function disksOf(content: NamedContent, found: Found): readonly Digest[] {
  const version = versionTagOf(content);
  if (version === undefined) return [];
  return found.contents
    .filter((other) => isDisksOfVersion(other, found) && other.tags.includes(disksTag(version)))
    .map(({ descriptor }) => descriptor.digest);
}

function kindOf({ image, images, subjects }: NamedContent): string {
  if (image !== undefined) return images.length > 0 ? 'index' : 'container';
  return subjects.length > 0 ? 'disk images' : 'artifact';
}

function shortName(digest: Digest): string {
  return digestHex(digest).slice(0, 12);
}
