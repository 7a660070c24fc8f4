import { canonicalJson } from '../lib/canonical-json.ts';
import { usageError } from '../lib/errors.ts';
import { compareBytes } from '../lib/order.ts';
import type { Image } from './image.ts';
import { platformName } from './platform.ts';
import { type Annotations, mediaTypes, type Platform } from './types.ts';

/** An image that is to stand in an index, and what its user calls it. */
export interface IndexMember {
  name: string;
  image: Image;
}

/** What an index says of all its images, where they agree. */
const sharedKeys = ['title', 'description', 'version', 'created', 'source', 'revision'].map(
  (name) => `org.opencontainers.image.${name}`,
);

/** The platform that an image's config declares. */
export function platformOf({ config: { architecture, os } }: Image): Platform {
  return { architecture, os };
}

/**
 * The text of an index that offers an image for each platform, in the order of the platforms' names: the same images
 * give the same bytes, however they were listed.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md
 * @throws CosaError `INDEX_PLATFORM_TWICE` (exit 2)
 */
export function platformIndex(members: readonly IndexMember[]): string {
  const byPlatform = new Map<string, IndexMember>();
  for (const member of members) {
    const name = platformName(platformOf(member.image));
    const before = byPlatform.get(name);
    if (before !== undefined) {
      throw usageError('INDEX_PLATFORM_TWICE', `${before.name} and ${member.name} are both for ${name}`, {
        hint: 'an index has one image for a platform: leave one of them out',
      });
    }
    byPlatform.set(name, member);
  }
  const sorted = [...byPlatform].sort(([a], [b]) => compareBytes(a, b));
  return canonicalJson({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: sorted.map(([, { image }]) => {
      const { mediaType, digest, size } = image.descriptor;
      return { mediaType, digest, size, platform: { ...platformOf(image) } };
    }),
    annotations: sharedAnnotations(members.map(({ image }) => image)),
  });
}

function sharedAnnotations(images: readonly Image[]): Annotations {
  const shared = sharedKeys.flatMap((key) => {
    const values = new Set(images.map(({ manifest }) => manifest.annotations?.[key]));
    const [value] = values;
    return values.size === 1 && value !== undefined ? [[key, value] as const] : [];
  });
  return Object.fromEntries(shared);
}
