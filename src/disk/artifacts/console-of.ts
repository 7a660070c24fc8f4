import type { PlatformSettings } from '../../contract/platforms.ts';
import type { DiskContainer } from '../base-disk/types.ts';
import type { Platform } from '../platforms/platform.ts';

/**
 * The consoles of a platform's machines, where platforms.json says nothing.
 * @throws RangeError for an architecture that the platform has not: a caller's mistake
 */
export function consoleOf({ name, consoles }: Platform, { architecture }: DiskContainer): PlatformSettings {
  const console = consoles[architecture];
  if (console === undefined) throw new RangeError(`${name} has no machines of ${architecture}`);
  return console;
}
