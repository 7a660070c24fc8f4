import type { PlatformSettings } from '../../contract/platforms.ts';

/**
 * What of a platform stands on its disks. `platformDisk(base, platform, size, signal)` gives the disk: of so many bytes,
 * or `'least'` for the smallest.
 */
export interface PlatformBoot {
  /** As in platforms.json. */
  readonly name: string;
  /** For `ignition.platform.id=`. */
  readonly ignitionPlatform: string;
  /** The consoles where platforms.json says nothing. */
  readonly console: PlatformSettings;
}
