import { type ArchitectureName, architectureNamed, architectureOfOci, hostArchitecture } from '../lib/architecture.ts';
import type { Descriptor, Platform } from './types.ts';

/** Which of an index's images is for an architecture. */
export function platformFor(architecture: ArchitectureName): Platform {
  return { os: 'linux', architecture: architectureNamed(architecture).oci };
}

/** Which of an index's images is for this machine. */
export function hostPlatform(): Platform {
  return platformFor(hostArchitecture().name);
}

/** `linux/arm64`, with the variant if there is one. */
export function platformName(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined).join('/');
}

/** The images for exactly this platform, or else for its variants: what is for some of its machines comes last. */
export function imagesFor(platform: Platform, images: readonly Descriptor[]): readonly Descriptor[] {
  const matching = images.filter((entry) => matches(entry, platform));
  const common = architectureOfOci(platform.architecture)?.commonVariant;
  const variantOf = (variant: string | undefined) => variant ?? common;
  const exact = matching.filter((entry) => variantOf(entry.platform?.variant) === variantOf(platform.variant));
  // Both ways to write it beside each other: the plain one is what others choose.
  const plain = exact.filter((entry) => entry.platform?.variant === platform.variant);
  return [plain, exact, matching].find((found) => found.length > 0) ?? [];
}

function matches(entry: Descriptor, platform: Platform): boolean {
  const { architecture, os, variant } = entry.platform ?? { architecture: '', os: '' };
  return (
    architecture === platform.architecture &&
    os === platform.os &&
    (platform.variant === undefined || platform.variant === variant)
  );
}
