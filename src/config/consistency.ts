import { usageError } from '../lib/errors.ts';
import type { LoadedTreefile } from './treefile.ts';

/**
 * Looks for keys of a flattened treefile that cannot stand together, in whatever files they are.
 * @throws CosaError `CONFIG_VALUE` (exit 2) with a position
 */
export function requireConsistency({ treefile, positionOf }: LoadedTreefile): void {
  if (treefile['machineid-compat'] === false && treefile.units.length > 0) {
    throw usageError('CONFIG_VALUE', '"units" cannot stand beside "machineid-compat: false"', {
      where: positionOf('units'),
      hint: 'systemd presets all units at the first boot: enable them in a file of /usr/lib/systemd/system-preset',
    });
  }
}
