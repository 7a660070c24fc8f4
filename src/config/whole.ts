import { join } from 'node:path';
import type { DiskLayout } from '../contract/disk-layout.ts';
import { type LockDocument, parseLockDocument } from '../contract/lockfile.ts';
import type { PlatformSettings } from '../contract/platforms.ts';
import type { ArchitectureName } from '../lib/architecture.ts';
import type { YamlFile } from '../lib/document/yaml.ts';
import type { Problem } from '../lib/problems.ts';
import { readTextIfExists } from '../lib/text-file.ts';
import { requireAccountsAlike, requireConsistency } from './consistency.ts';
import { loadDiskLayout } from './disk-layout.ts';
import { type LoadedImageSpecification, loadImageSpecification } from './image.ts';
import { readLiveFiles } from './live.ts';
import { type PlacedOverride, readLockOverrides } from './lock-overrides.ts';
import { attempt, attemptNow, keepMistakes, type Mistakes } from './mistakes.ts';
import { streamName, systemName } from './names.ts';
import { type Overlay, readOverlays } from './overlay.ts';
import { readPlatforms } from './platforms.ts';
import { loadReleaseSettings } from './release.ts';
import { type ConfigRepository, findRepositories } from './repositories.ts';
import { type ConfigChoice, type ConfigSelection, selectConfig } from './selection.ts';
import { type LoadedTreefile, loadTreefile } from './treefile.ts';

/** An overlay, and the layer that names it. */
export interface NamedOverlay extends Overlay {
  key: 'ostree-layers' | 'ostree-override-layers';
  layer: string;
}

/** All that is in a config directory, whoever it is for, and all that is wrong with it. */
export interface WholeConfig {
  selection: ConfigSelection;
  loaded: LoadedTreefile;
  image: LoadedImageSpecification | undefined;
  disk: DiskLayout | undefined;
  platforms: Readonly<Record<string, PlatformSettings>>;
  platformsFile: YamlFile | undefined;
  overlays: readonly NamedOverlay[];
  repositories: readonly ConfigRepository[];
  lock: LockDocument | undefined;
  lockfilePath: string;
  overrides: ReadonlyMap<string, PlacedOverride>;
  /** In the order in which the files are read. What they are in is left out above. */
  problems: readonly Problem[];
}

export interface WholeConfigOptions extends ConfigChoice {
  basearch: ArchitectureName;
  /** Wins over `variables.stream`. */
  stream?: string | undefined;
}

/**
 * Reads a config directory of whatever package family, and goes on after mistakes.
 * @param directory a config directory, or a manifest of another name in one
 * @throws CosaError `CONFIG_MANIFEST_MISSING`, `CONFIG_VARIANT`, `CONFIG_SYNTAX` of build arguments (exit 2)
 */
export async function readWholeConfig(directory: string, options: WholeConfigOptions): Promise<WholeConfig> {
  const selection = await selectConfig(directory, options);
  const { base } = selection;
  const { basearch } = options;
  const mistakes = keepMistakes();
  const loaded = await loadTreefile(base, { ...selection, basearch, stream: options.stream, mistakes });
  const stream = attemptNow(mistakes, () => streamName(loaded));
  attemptNow(mistakes, () => systemName(loaded));
  attemptNow(mistakes, () => requireConsistency(loaded));
  attemptNow(mistakes, () => requireAccountsAlike(loaded));
  const image = await attempt(mistakes, () =>
    loadImageSpecification(base, stream, { name: selection.image, mistakes }),
  );
  const disk = await attempt(mistakes, () =>
    loadDiskLayout(base, image?.specification.size ?? Number.POSITIVE_INFINITY),
  );
  const platforms = await attempt(mistakes, () => readPlatforms(base, basearch));
  await attempt(mistakes, () => loadReleaseSettings(base));
  const overlays = await readNamedOverlays(loaded, mistakes);
  await attempt(mistakes, () => readLiveFiles(loaded.boundary));
  const { repositories } = await findRepositories(base, loaded, ['.sources', '.repo'], mistakes);
  const lockfilePath = join(base, `manifest-lock.${basearch}.json`);
  const lock = await attempt(mistakes, async () => {
    const text = await readTextIfExists(lockfilePath, undefined, { file: lockfilePath });
    return text === undefined ? undefined : parseLockDocument(text, lockfilePath);
  });
  const overrides = await readLockOverrides(base, basearch, mistakes);
  return {
    ...{ selection, loaded, image, disk, overlays, repositories, lock, lockfilePath, overrides },
    platforms: platforms?.platforms ?? {},
    platformsFile: platforms?.file,
    problems: mistakes.problems,
  };
}

async function readNamedOverlays(loaded: LoadedTreefile, mistakes: Mistakes): Promise<NamedOverlay[]> {
  const named: NamedOverlay[] = [];
  for (const key of ['ostree-layers', 'ostree-override-layers'] as const) {
    for (const layer of loaded.treefile[key]) {
      const overlays = await readOverlays(loaded.boundary.base, [layer], () => loaded.positionOf(key, layer), mistakes);
      named.push(...overlays.map((overlay) => ({ ...overlay, key, layer })));
    }
  }
  return named;
}
