import { pathError } from '../layout-path.ts';
import { maximumNameBytes } from '../metadata.ts';

// https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#whiteouts
const whiteout = '.wh.';
const opaque = '.wh..wh..opq';
/** What else begins so is a filesystem's own, and was written into layers by old tools. */
const reserved = '.wh..wh.';

/** PATH_MAX: nobody can unpack what is longer. */
const maximumPathLength = 4096;

/** What an entry of an ordinary layer says, by its name alone. */
export type EntryMeaning =
  | { kind: 'root' }
  | { kind: 'file'; parents: readonly string[]; name: string }
  /** Hides a name of lower layers. */
  | { kind: 'whiteout'; parents: readonly string[]; name: string }
  /** Hides everything of lower layers in a directory. */
  | { kind: 'opaque'; parents: readonly string[] }
  /** Is nothing of the image's. */
  | { kind: 'nothing' };

/**
 * The names of a path below the root. Writers vary in what stands in front, `./`, `/` or nothing: all mean the root.
 * @throws CosaError `LAYER_PATH` (exit 4) for `..` and for what no filesystem holds
 */
export function namesOfPath(path: string, layer: string): string[] {
  if (path.length > maximumPathLength) {
    throw pathError(layer, `${path.slice(0, 100)}…`, `is longer than ${maximumPathLength} characters`);
  }
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  for (const name of names) {
    if (name === '..') throw pathError(layer, path, 'leads out of the image with ".."');
    if (Buffer.byteLength(name) > maximumNameBytes) {
      throw pathError(layer, `${path.slice(0, 100)}…`, `has a name of more than ${maximumNameBytes} bytes`);
    }
  }
  return names;
}

/** @throws CosaError `LAYER_PATH` (exit 4) as {@link namesOfPath}, and for a whiteout of what is no name in a directory */
export function meaningOf(path: string, layer: string): EntryMeaning {
  const parents = namesOfPath(path, layer);
  const name = parents.pop();
  if (name === undefined) return { kind: 'root' };
  if (parents[0]?.startsWith(reserved)) return { kind: 'nothing' };
  const above = parents.find((parent) => parent.startsWith(whiteout));
  if (above !== undefined) throw pathError(layer, path, `lies below the whiteout ${JSON.stringify(above)}`);
  if (name === opaque) return { kind: 'opaque', parents };
  if (name.startsWith(reserved)) return { kind: 'nothing' };
  if (!name.startsWith(whiteout)) return { kind: 'file', parents, name };
  const hidden = name.slice(whiteout.length);
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw pathError(layer, path, `is a whiteout of ${JSON.stringify(hidden)}`);
  }
  return { kind: 'whiteout', parents, name: hidden };
}
