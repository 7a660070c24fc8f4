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

const accountKeys = ['check-passwd', 'check-groups'] as const;

/**
 * Users and groups come from files both, or neither does, unless none are kept: as rpm-ostree, which loads such a treefile
 * and refuses to build it.
 * @throws CosaError `CONFIG_ACCOUNTS` (exit 2) with a position
 */
export function requireAccountsAlike({ treefile, positionOf }: LoadedTreefile): void {
  if (treefile['preserve-passwd'] === false) return;
  const [named, ...others] = accountKeys.filter((key) => treefile[key]?.type === 'file');
  const other = accountKeys.find((key) => key !== named);
  if (named === undefined || other === undefined || others.length > 0) return;
  throw usageError('CONFIG_ACCOUNTS', `"${named}" names a file, and "${other}" none`, {
    where: positionOf(named),
    hint: `let "${other}" be {type: file, filename: …} as well: accounts come from files or from the previous build`,
  });
}
