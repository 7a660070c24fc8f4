import { posix } from 'node:path';
import { statResolved } from '../lib/root-files.ts';
import { directoryResolver } from '../lib/root-path.ts';

/**
 * Finds where files of a package database really lie in a root: directories that are links are resolved (`/bin/sh` →
 * `/usr/bin/sh`), and files of /etc are below /usr/etc once they have been moved there.
 * @returns takes absolute paths; gives `undefined` for directories and for what is not there
 */
export function fileLocator(root: string): (path: string) => Promise<string | undefined> {
  const resolveDirectory = directoryResolver(root);
  return async (path) => {
    for (const candidate of path.startsWith('/etc/') ? [path, `/usr${path}`] : [path]) {
      const place = posix.join(await resolveDirectory(posix.dirname(candidate)), posix.basename(candidate));
      const stats = statResolved(root, place);
      if (stats !== undefined) return stats.isDirectory() ? undefined : place;
    }
    return undefined;
  };
}
