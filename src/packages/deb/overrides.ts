import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Cache } from '../../cache/cache.ts';
import { stepKey } from '../../cache/key.ts';
import { type LockedPackage, type Lockfile, overridesRepository } from '../../contract/lockfile.ts';
import { architectureNamed } from '../../lib/architecture.ts';
import { digestFile, digestHex } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import { fsyncPath } from '../../lib/files.ts';
import { exists } from '../../lib/if-exists.ts';
import { sortByBytes } from '../../lib/order.ts';
import type { PackageRequest } from '../backend.ts';
import { applyLocalPackages, checkLocalPackages, type LocalPackage } from '../local-packages.ts';
import { type ControlParagraph, formatControl, parseControl, requiredField, sourceOf } from './control.ts';
import { readControlText } from './package-file.ts';

/** A local package file. */
export interface OverridePackage extends LocalPackage {
  control: ControlParagraph;
}

/**
 * Reads the local package files of a request.
 * @throws CosaError `OVERRIDE_INVALID`: not a package, of another architecture, or one name twice
 */
export async function readOverrides(request: PackageRequest): Promise<OverridePackage[]> {
  const architecture = architectureNamed(request.basearch).debian;
  const packages = await Promise.all(sortByBytes(request.overrides).map(readOverride));
  checkLocalPackages(packages, [architecture, 'all']);
  return packages;
}

async function readOverride(file: string): Promise<OverridePackage> {
  let text: string;
  try {
    text = await readControlText(file);
  } catch (cause) {
    if (cause instanceof CosaError && cause.code === 'TOOL_MISSING') throw cause;
    throw new CosaError('OVERRIDE_INVALID', `${file} is not a Debian package`, { cause });
  }
  const [control] = parseControl(text, file);
  if (control === undefined) throw new CosaError('OVERRIDE_INVALID', `${file} has no control paragraph`);
  const { digest, size } = await digestFile(file);
  const name = requiredField(control, 'Package', file);
  const locked: LockedPackage = {
    name,
    version: requiredField(control, 'Version', file),
    architecture: requiredField(control, 'Architecture', file),
    source: sourceOf(control, name),
    sha256: digestHex(digest),
    size,
    repository: overridesRepository,
    path: basename(file),
  };
  return { file, control, locked };
}

/**
 * Lays overrides out as a repository that apt can read, so that the solver sees their dependencies.
 * @param cache for such repositories, one a set of overrides: what is given stays as long as it is open
 */
export async function writeOverrideRepository(overrides: readonly OverridePackage[], cache: Cache): Promise<string> {
  const paragraphs = overrides.map(({ control, locked }) => ({
    fields: [
      ...control.fields,
      { name: 'Filename', value: `./${locked.sha256}.deb` },
      { name: 'Size', value: String(locked.size) },
      { name: 'SHA256', value: locked.sha256 },
    ],
  }));
  const index = formatControl(paragraphs);
  const files = overrides.map(({ file }) => file);
  const name = stepKey('overrides/1', { index, files }).slice(0, 16);
  await cache.use([name]);
  await cache.touch(name);
  if (await exists(cache.path(name))) return cache.path(name);
  const directory = cache.unfinishedPath(name);
  await mkdir(directory);
  // Two files may be one package.
  const links = new Map(overrides.map(({ file, locked }) => [`${locked.sha256}.deb`, file]));
  for (const [link, file] of links) await symlink(file, join(directory, link));
  const indexFile = join(directory, 'Packages');
  await writeFile(indexFile, index);
  await fsyncPath(indexFile);
  await cache.place(directory, name);
  await cache.trim();
  return cache.path(name);
}

/** See `PackageBackend.applyOverrides`. */
export async function applyOverridesToLock(request: PackageRequest, lock: Lockfile): Promise<Lockfile> {
  return applyLocalPackages(request, lock, await readOverrides(request));
}
