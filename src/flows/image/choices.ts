import type { DiskConfig } from '../../contract/image-config.ts';
import type { DiskContainer } from '../../disk/base-disk/types.ts';
import type { Compressor } from '../../disk/compressors/compressor.ts';
import { compressors } from '../../disk/compressors.ts';
import { imageForm, isLiveForm } from '../../disk/platforms/image-form.ts';
import type { Platform } from '../../disk/platforms/platform.ts';
import { allPlatforms, architecturesOf, platforms, platformsNamed } from '../../disk/platforms.ts';
import { usageError } from '../../lib/errors.ts';

/** How images are compressed: by a compressor of that name, not at all, or as image.json says. */
export type CompressChoice = Compressor['name'] | 'none' | 'auto';

/** Every choice, in the order of the help. */
export const compressChoices: readonly CompressChoice[] = [
  'none',
  'auto',
  ...Object.values(compressors).map(({ name }) => name),
];

/** @throws CosaError `PLATFORM_UNKNOWN` (exit 2) for a name that is neither a platform's, nor a family's, nor `all` */
export function requirePlatforms(names: readonly string[]): void {
  for (const name of names) if (name !== allPlatforms) platformsNamed(name);
}

/** True if images, or the choice of them, cannot be made without image.json, which lies in the container. */
export function needsImageConfig(names: readonly string[], compress: CompressChoice): boolean {
  return names.length === 0 || compress === 'auto' || names.some(mayBeLive);
}

function mayBeLive(name: string): boolean {
  return name === allPlatforms || platformsNamed(name).some(({ image }) => isLiveForm(image));
}

/**
 * The platforms that are meant, each once, in the order named.
 * @param names platforms, or `all` for every one that the container's architecture has; none for those of image.json
 * @param config image.json, where {@link needsImageConfig}
 * @throws CosaError `PLATFORM_UNKNOWN`, `PLATFORM_ARCHITECTURE`, `PLATFORMS_MISSING` (exit 2)
 */
export function platformsOf(
  names: readonly string[],
  { architecture }: Pick<DiskContainer, 'architecture'>,
  config: DiskConfig | undefined,
): Platform[] {
  const meant = names.length > 0 ? names : (config?.platforms ?? []);
  if (meant.length === 0) {
    throw usageError('PLATFORMS_MISSING', 'no platform is named, neither here nor in the image.json of the container', {
      hint: 'name some: cosa image build qemu metal; or "all"; or list them as "platforms" in image.yaml',
    });
  }
  const possible = platforms.filter((platform) => platform.consoles[architecture] !== undefined);
  const chosen = meant.flatMap((name) => {
    if (name === allPlatforms) return possible;
    const named = platformsNamed(name);
    const impossible = named.find((platform) => !possible.includes(platform));
    if (impossible !== undefined) throw otherArchitecture(impossible, architecture, possible);
    return named;
  });
  return [...new Set(chosen)];
}

function otherArchitecture(platform: Platform, architecture: string, possible: readonly Platform[]): Error {
  return usageError(
    'PLATFORM_ARCHITECTURE',
    `${platform.name} has machines of ${architecturesOf(platform).join(' and ')}, and the container is for ${architecture}`,
    { hint: `for ${architecture} there are: ${possible.map(({ name }) => name).join(', ')}` },
  );
}

/** The compressor of a platform's image; `undefined` if it stays as it is. */
export function compressorFor(
  platform: Platform,
  compress: CompressChoice,
  config: DiskConfig | undefined,
): Compressor | undefined {
  if (imageForm(platform.image).isCompressed) return undefined;
  const own = new Map(Object.entries(config?.['platform-compressor'] ?? {})).get(platform.name);
  const name = compress === 'auto' ? (own ?? config?.compressor) : compress;
  return Object.values(compressors).find((compressor) => compressor.name === name);
}
