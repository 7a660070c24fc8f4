import type { CosaError } from '../../lib/errors.ts';
import { usageError } from '../../lib/errors.ts';
import { sortByBytes } from '../../lib/order.ts';
import { allPlatforms } from '../platforms.ts';
import type { OfferedDiskImage } from './offered.ts';

export interface DiskImageChoice {
  /** Names of platforms, or `all`; none where there is only one image. */
  platforms: readonly string[];
  /** As OCI spells it. */
  architecture: string;
  /** What offers them, for errors: a reference. */
  where: string;
  /** A reference to one of them, for hints. */
  referenceTo: (image: OfferedDiskImage) => string;
}

/**
 * The disk images that are meant, in the order named: for each platform one.
 * @throws CosaError `DISK_IMAGE_MISSING`, `DISK_IMAGE_AMBIGUOUS` (exit 2), both telling what there is
 */
export function chooseDiskImages(
  offered: readonly OfferedDiskImage[],
  choice: DiskImageChoice,
): readonly OfferedDiskImage[] {
  const { platforms, architecture, where } = choice;
  if (offered.length === 0) {
    throw usageError('DISK_IMAGE_MISSING', `${where} has no disk images`, {
      hint: 'make some and bring them there: cosa image build, cosa image push',
    });
  }
  const possible = offered.filter((image) => (image.architecture ?? architecture) === architecture);
  const names = sortByBytes(new Set(possible.map(({ platform }) => platform ?? '')));
  if (platforms.length === 0) {
    const [only] = possible;
    if (only === undefined) throw missing(offered, choice, '');
    if (possible.length === 1) return [only];
    throw usageError('DISK_IMAGE_AMBIGUOUS', `${where} has ${possible.length} disk images: ${listed(possible)}`, {
      hint: `name a platform, or "${allPlatforms}"`,
    });
  }
  const wanted = new Set(platforms.flatMap((name) => (name === allPlatforms ? names : [name])));
  if (wanted.size === 0) throw missing(offered, choice, '');
  return [...wanted].map((name) => onlyFor(name, possible, offered, choice));
}

function onlyFor(
  name: string,
  possible: readonly OfferedDiskImage[],
  offered: readonly OfferedDiskImage[],
  choice: DiskImageChoice,
): OfferedDiskImage {
  const [first, ...others] = possible.filter(({ platform }) => (platform ?? '') === name);
  if (first === undefined) throw missing(offered, choice, ` for ${JSON.stringify(name)}`);
  if (others.length === 0) return first;
  const all = [first, ...others];
  const texts = all.map(({ format, descriptor }) => `${format} ${descriptor.digest}`);
  throw usageError(
    'DISK_IMAGE_AMBIGUOUS',
    `${choice.where} has ${all.length} disk images for ${JSON.stringify(name)}: ${texts.join(', ')}`,
    { hint: `name one by its digest: ${choice.referenceTo(first)}` },
  );
}

function missing(
  offered: readonly OfferedDiskImage[],
  { where, architecture }: DiskImageChoice,
  wanted: string,
): CosaError {
  return usageError('DISK_IMAGE_MISSING', `${where} has no disk image${wanted} for ${architecture}`, {
    hint: `there are: ${listed(offered)}`,
  });
}

function listed(images: readonly OfferedDiskImage[]): string {
  const shown = 30;
  const texts = images.map(({ platform = 'no platform', architecture, format }) =>
    [platform, ...(architecture === undefined ? [] : [`/${architecture}`]), ` (${format})`].join(''),
  );
  const sorted = sortByBytes(texts);
  return sorted.length > shown
    ? `${sorted.slice(0, shown).join(', ')} and ${sorted.length - shown} more`
    : sorted.join(', ');
}
