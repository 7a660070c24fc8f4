import { stat } from 'node:fs/promises';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { parseYaml } from '../lib/document/yaml.ts';
import { CosaError } from '../lib/errors.ts';
import { ifExists } from '../lib/if-exists.ts';

/** The manifest of what a derived config builds upon: weaker than all of the config. */
export interface BaseManifest {
  /** Absolute. */
  directory: string;
  /** Relative to it. */
  entry: string;
  /** It came from somewhere else: no file outside of the directory belongs to it. */
  isForeign?: boolean;
}

/** What a manifest is called in its directory. */
export const manifestNames = ['manifest.yaml', 'manifest.yml', 'manifest.json'];

/** Where images have the manifests that they were made of: https://gitlab.com/fedora/bootc/base-images */
export const baseManifestsPath = '/usr/share/doc/bootc-base-imagectl/manifests';

/** Of these manifests, the one that CoreOS systems are built upon, by its names. */
export const baseManifestNames = ['minimal-plus.yaml', 'minimal-plus.hidden.yaml'];

/** How a path of the base manifest stands in a flattened treefile: its directory is another one on each machine. */
export const baseManifestPrefix = 'base-manifest:';

/**
 * The base manifest that a person names: a manifest, a directory with one, or one with the manifests of an image.
 * @param path absolute or relative to the current directory
 */
export async function baseManifestAt(path: string): Promise<BaseManifest> {
  const absolute = resolve(path);
  if ((await ifExists(stat(absolute)))?.isFile() ?? false) {
    return { directory: dirname(absolute), entry: basename(absolute) };
  }
  for (const entry of [...manifestNames, ...baseManifestNames]) {
    if ((await ifExists(stat(join(absolute, entry)))) !== undefined) return { directory: absolute, entry };
  }
  return { directory: absolute, entry: 'manifest.yaml' };
}

/** A file among the manifests of an image. */
export type ManifestFile = { kind: 'file'; content: Buffer } | { kind: 'symlink'; target: string };

/**
 * Whether the manifests of an image have the base manifest, and all files that it and what it includes name. Those that are for
 * other architectures or conditions count, too.
 * @param files by their paths relative to {@link baseManifestsPath}
 */
export function hasWholeManifest(files: ReadonlyMap<string, ManifestFile>): boolean {
  const entry = baseManifestNames.find((name) => files.has(name));
  if (entry === undefined) return false;
  const left = [entry];
  const seen = new Set<string>();
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const file = files.get(path);
    if (file === undefined) return false;
    if (file.kind === 'symlink') left.push(posix.join(posix.dirname(path), file.target));
    else if (/\.ya?ml$/.test(path))
      left.push(...namedIn(file.content).map((name) => posix.join(posix.dirname(path), name)));
  }
  return true;
}

/** The files that a treefile names. One that cannot be read names none: who reads it in earnest will say why. */
function namedIn(content: Buffer): string[] {
  let value: unknown;
  try {
    ({ value } = parseYaml(content.toString(), 'a base manifest'));
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
    return [];
  }
  const names: string[] = [];
  const add = (name: unknown) => void (typeof name === 'string' && names.push(name));
  const addAll = (list: unknown) => {
    for (const name of [list].flat()) add(name);
  };
  const { include, ...keys } = record(value);
  addAll(include);
  for (const list of Object.values(record(keys['arch-include']))) addAll(list);
  for (const conditional of [keys['conditional-include']].flat()) addAll(record(conditional).include);
  add(keys['postprocess-script']);
  for (const key of ['check-passwd', 'check-groups']) add(record(keys[key]).filename);
  for (const item of [keys['add-files']].flat()) addAll(Array.isArray(item) ? item[0] : undefined);
  return names;
}

function record(value: unknown): Record<string, unknown> & { include?: unknown; filename?: unknown } {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
