import { CosaError } from '../../lib/errors.ts';
import { escapedName } from '../../lib/utf8-names.ts';
import type { ByteString } from './tree.ts';

/** Characters of a path that say enough. */
const shownLength = 1000;

/**
 * The error for something that a kind of filesystem cannot hold.
 * @param filesystem the kind: `ext4`
 * @param path from the filesystem's root, with a slash
 * @param problem what is wrong, after the path: `has 65001 hard links; 65000 are possible`
 */
export function notStorable(filesystem: string, path: ByteString, problem: string): CosaError {
  const shown = path.length > shownLength ? `...${path.slice(-shownLength)}` : path;
  const name = escapedName(Buffer.from(shown, 'latin1'));
  return new CosaError('FILESYSTEM_ENTRY', `${name} cannot be stored in ${filesystem}: it ${problem}`);
}
