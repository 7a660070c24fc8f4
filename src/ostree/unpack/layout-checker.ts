import { verificationError } from '../../lib/errors.ts';
import type { TarEntry } from '../../lib/tar/reader.ts';
import { normalizePath, type ObjectName, parseObjectPath, pathError } from './layout-path.ts';
import { symlinkTree } from './symlink-tree.ts';

interface LayoutChecker {
  /**
   * Looks at one entry in the layer's order.
   * @param path the entry's normalized name
   * @throws CosaError `LAYER_PATH`, `LAYER_ENTRY` (exit 4)
   */
  check(entry: TarEntry, path: string, object: ObjectName | undefined): void;
}

/**
 * Finds what no honest layer holds: devices, names twice, names below a symbolic link, hard links to anything
 * but objects. We write nothing of the layout ourselves; others who unpack the same image do.
 * @param keep told the length of each name that is remembered; throws when there are too many
 */
export function layoutChecker(layer: string, maximumEntries: number, keep: (bytes: number) => void): LayoutChecker {
  const files = new Set<string>();
  const directories = new Set<string>();
  const symlinks = symlinkTree();

  function requireNoSymlinkAbove(path: string): void {
    const above = symlinks.above(path);
    if (above !== undefined) {
      throw pathError(layer, path, `lies behind the symbolic link ${JSON.stringify(above)}`);
    }
  }

  function isLinkToSymlink(entry: TarEntry, path: string): boolean {
    const target = normalizePath(entry.linkTarget, layer);
    if (parseObjectPath(target, layer) === undefined || !files.has(target)) {
      throw pathError(
        layer,
        path,
        `is a hard link to ${JSON.stringify(entry.linkTarget)}, which is no object before it`,
      );
    }
    return symlinks.has(target);
  }

  return {
    check(entry, path, object) {
      if (entry.type === 'character-device' || entry.type === 'block-device' || entry.type === 'fifo') {
        throw pathError(layer, path, `is a ${entry.type}`);
      }
      requireNoSymlinkAbove(path);
      // A directory may be repeated: its owner and mode are the commit's matter.
      const [same, other] = entry.type === 'directory' ? [directories, files] : [files, directories];
      if (files.has(path) || other.has(path)) throw pathError(layer, path, 'stands in the layer twice');
      if (files.size + directories.size >= maximumEntries) {
        throw verificationError('LAYER_ENTRY', `layer ${layer} has more than ${maximumEntries} entries`);
      }
      if (!same.has(path)) keep(path.length);
      same.add(path);
      const isSymlink =
        entry.type === 'symlink' || (entry.type === 'hardlink' && object === undefined && isLinkToSymlink(entry, path));
      if (isSymlink) symlinks.add(path);
    },
  };
}
