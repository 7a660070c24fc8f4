import type { Dirent } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../lib/canonical-json.ts';
import { digestFile, digestHex } from '../lib/digest.ts';
import { nearestHint } from '../lib/document/validate.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { isDirectory, namesIn } from '../lib/files.ts';
import { compareBytes } from '../lib/order.ts';
import { mapParallel } from '../lib/parallel.ts';
import { readTextIfExists } from '../lib/text-file.ts';
import { type Boundary, boundaryOf, findFile } from './boundary.ts';
import { attempt, endAtFirst, type Mistakes } from './mistakes.ts';
import { parseStatOverrides } from './statoverride.ts';

/** What an overlay puts at one path of the root. Owner and group are root. */
type OverlayEntry =
  | { path: string; type: 'directory'; mode: number }
  | { path: string; type: 'file'; mode: number }
  | { path: string; type: 'symlink'; target: string };

/** A directory of `overlay.d/`, read. */
export interface Overlay {
  /** `05core`. */
  name: string;
  /** Absolute: an entry's content lies in it under the entry's path. */
  directory: string;
  /**
   * Everything in it, directories before what they hold, in byte order; paths are relative. Modes are final: they do
   * not depend on the umask of whoever checked the config out. The file `statoverride` itself is not among them.
   */
  entries: readonly OverlayEntry[];
}

/** `overlay/NAME` is the name that coreos-assembler gives the commit that it makes of `overlay.d/NAME`. */
const layerForm = /^overlay(?:\.d)?\/([^/]+)$/;
const overridesName = 'statoverride';

/**
 * Reads the overlays that `ostree-layers` names, in that order.
 * @param base the config directory, absolute
 * @param position gives the place of an item, for errors
 * @throws CosaError what `mistakes` throws: `CONFIG_OVERLAY_MISSING`, `CONFIG_OVERLAY_ENTRY`, `CONFIG_STATOVERRIDE`,
 *   `CONFIG_FILE_OUTSIDE` (exit 2)
 */
export async function readOverlays(
  base: string,
  layers: readonly string[],
  position: (layer: string) => SourcePosition,
  mistakes: Mistakes = endAtFirst,
): Promise<Overlay[]> {
  const boundary = await boundaryOf(base);
  const overlays: Overlay[] = [];
  for (const layer of layers) {
    const overlay = await attempt(mistakes, () => readLayer(boundary, layer, position(layer)));
    if (overlay !== undefined) overlays.push(overlay);
  }
  return overlays;
}

async function readLayer(boundary: Boundary, layer: string, where: SourcePosition): Promise<Overlay> {
  const [, name] = layerForm.exec(layer) ?? [];
  if (name === undefined || name === '.' || name === '..') {
    throw usageError('CONFIG_OVERLAY_MISSING', `"${layer}" is not an overlay: expected overlay/NAME`, { where });
  }
  const found = await findFile(boundary, join(boundary.base, 'overlay.d'), name, where);
  if (found === undefined || !(await isDirectory(found.path))) {
    const present = await namesIn(join(boundary.base, 'overlay.d'));
    const hint = nearestHint(name, present) ?? `make the directory overlay.d/${name}`;
    throw usageError('CONFIG_OVERLAY_MISSING', `there is no directory overlay.d/${name}`, { where, hint });
  }
  return readOverlay(name, found.path);
}

/**
 * Reads one directory as an overlay, with its `statoverride`.
 * @throws CosaError `CONFIG_OVERLAY_ENTRY`, `CONFIG_STATOVERRIDE` (exit 2)
 */
export async function readOverlay(name: string, directory: string): Promise<Overlay> {
  return { name, directory, entries: await readEntries(directory) };
}

/** All that an overlay puts into the root, by content: its entries, and of files their digests and sizes in bytes. */
export function overlayFingerprint({ directory, entries }: Overlay): Promise<Json> {
  return mapParallel(entries, async (entry): Promise<Json> => {
    if (entry.type !== 'file') return entry;
    const { digest, size } = await digestFile(join(directory, entry.path));
    return { ...entry, sha256: digestHex(digest), size };
  });
}

async function readEntries(directory: string): Promise<OverlayEntry[]> {
  const entries: OverlayEntry[] = [];
  await walk(directory, '', entries);
  const file = join(directory, overridesName);
  const overrides = parseStatOverrides((await readTextIfExists(file, undefined, { file })) ?? '', file);
  const modes = new Map(entries.map((entry) => [entry.path, entry]));
  for (const [path, { mode, operation, line }] of overrides) {
    const entry = modes.get(path);
    if (entry === undefined || entry.type === 'symlink') {
      const message = `/${path} is ${entry === undefined ? 'not in this overlay' : 'a symbolic link, which has no mode'}`;
      const hint = entry === undefined ? nearestHint(path, [...modes.keys()]) : undefined;
      throw usageError('CONFIG_STATOVERRIDE', message, {
        where: { file, line, column: 1 },
        ...(hint === undefined ? {} : { hint }),
      });
    }
    entry.mode = operation === 'set' ? mode : entry.mode | mode;
  }
  return entries;
}

async function walk(root: string, below: string, entries: OverlayEntry[]): Promise<void> {
  for (const item of await sortedEntries(join(root, below))) {
    const path = below === '' ? item.name : `${below}/${item.name}`;
    if (path === overridesName) continue;
    const absolute = join(root, path);
    if (item.isDirectory()) {
      entries.push({ path, type: 'directory', mode: 0o755 });
      await walk(root, path, entries);
    } else if (item.isSymbolicLink()) {
      entries.push({ path, type: 'symlink', target: await readlink(absolute) });
    } else if (item.isFile()) {
      const executable = ((await lstat(absolute)).mode & 0o100) !== 0;
      entries.push({ path, type: 'file', mode: executable ? 0o755 : 0o644 });
    } else {
      throw usageError('CONFIG_OVERLAY_ENTRY', 'an overlay holds files, directories and symbolic links, nothing else', {
        where: { file: absolute },
      });
    }
  }
}

async function sortedEntries(directory: string): Promise<Dirent[]> {
  const items = await readdir(directory, { withFileTypes: true });
  return items.sort((a, b) => compareBytes(a.name, b.name));
}
