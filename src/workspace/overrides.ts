import { join } from 'node:path';
import { type Overlay, overlayFingerprint, readOverlay } from '../config/overlay.ts';
import type { Json } from '../lib/canonical-json.ts';
import { digestFile } from '../lib/digest.ts';
import { isDirectory, namesIn } from '../lib/files.ts';
import { sortByBytes } from '../lib/order.ts';

/** Local packages and files for development, below the work directory's `overrides/`. */
export interface Overrides {
  /** Absolute paths of package files, sorted. */
  packages: readonly string[];
  /** `overrides/rootfs`, if it is there: copied over everything else. */
  rootfs: Overlay | undefined;
  /** All of it by content, for the input hash. */
  fingerprint: Json;
}

/**
 * Reads `overrides/`.
 * @param directory the work directory's `overrides/`, which need not exist
 * @param packagesDirectory the package family's part, `deb`: also the ending of its files
 */
export async function readOverrides(directory: string, packagesDirectory: string): Promise<Overrides> {
  const base = join(directory, packagesDirectory);
  const names = (await namesIn(base)).filter((name) => name.endsWith(`.${packagesDirectory}`));
  const packages = names.map((name) => join(base, name));
  const digests = await Promise.all(packages.map(async (path) => (await digestFile(path)).digest));
  const rootfsDirectory = join(directory, 'rootfs');
  const rootfs = (await isDirectory(rootfsDirectory)) ? await readOverlay('overrides', rootfsDirectory) : undefined;
  const files = rootfs === undefined ? [] : await overlayFingerprint(rootfs);
  return { packages, rootfs, fingerprint: { packages: sortByBytes(digests), rootfs: files } };
}
