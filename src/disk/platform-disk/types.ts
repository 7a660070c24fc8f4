import type { PlatformSettings } from '../../contract/platforms.ts';

/** What of a platform stands on its disks. */
export interface PlatformBoot {
  /** As in platforms.json. */
  readonly name: string;
  /** For `ignition.platform.id=`. */
  readonly ignitionPlatform: string;
  /** The consoles where platforms.json says nothing. */
  readonly console: PlatformSettings;
}
