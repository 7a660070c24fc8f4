import type { ReleaseArchitecture, ReleasePlatform } from './release.ts';
import type { StreamImages } from './stream.ts';

/** Clouds that have an image, or an object with one, in each of their regions; and those that have one for all. */
const byRegion = ['aliyun', 'aws', 'ibmcloud', 'powervs'] as const;
const forAll = ['gcp', 'kubevirt'] as const;

type Cloud = (typeof byRegion)[number] | (typeof forAll)[number];

/**
 * What clouds have registered of a version, in the form of stream metadata. Those who register images write it into the
 * version's metadata; we make none of it ourselves.
 * @param current what the stream had: fields of it that are not replaced are kept
 */
export function cloudImages(
  current: StreamImages | undefined,
  media: ReleaseArchitecture['media'],
  release: string,
): StreamImages {
  const registered: Partial<Record<Cloud, object>> = {};
  for (const cloud of byRegion) {
    const regions = regionsOf(media[cloud]);
    if (regions.length === 0) continue;
    const images = regions.map(([region, image]) => [region, { ...image, release }]);
    registered[cloud] = { ...current?.[cloud], regions: Object.fromEntries(images) };
  }
  for (const cloud of forAll) {
    const image = media[cloud]?.image ?? undefined;
    if (image !== undefined) registered[cloud] = { ...current?.[cloud], ...image, release };
  }
  return registered as StreamImages;
}

function regionsOf(platform: ReleasePlatform | null | undefined): [string, object][] {
  return Object.entries(platform?.images ?? {});
}
