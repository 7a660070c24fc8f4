import { join } from 'node:path';
import type { DiskLayout } from '../contract/disk-layout.ts';
import type { PlatformSettings } from '../contract/platforms.ts';
import type { ReleaseSettings } from '../contract/release.ts';
import type { ArchitectureName } from '../lib/architecture.ts';
import { requireAccountsAlike, requireConsistency } from './consistency.ts';
import { loadDiskLayout } from './disk-layout.ts';
import { type FinalizeScript, readFinalizeScripts } from './finalize-scripts.ts';
import { loadImageSpecification } from './image.ts';
import type { ImageSpecification } from './image-keys.ts';
import { readLiveFiles } from './live.ts';
import { type LockOverride, loadLockOverrides } from './lock-overrides.ts';
import { streamName, systemName } from './names.ts';
import { type Overlay, readOverlays } from './overlay.ts';
import { loadPlatforms } from './platforms.ts';
import {
  type AccountFiles,
  type AddedFile,
  readAccountFiles,
  readAddedFiles,
  readScripts,
  type Script,
} from './referenced-files.ts';
import { loadReleaseSettings } from './release.ts';
import { type ConfigRepository, findRepositories, requireFamily } from './repositories.ts';
import { type ConfigChoice, selectConfig } from './selection.ts';
import { type LoadedTreefile, loadTreefile } from './treefile.ts';
import type { Treefile } from './treefile-keys.ts';
import type { UnreadKey } from './unread-keys.ts';

export interface ConfigOptions extends ConfigChoice {
  basearch: ArchitectureName;
  /** Wins over `variables.stream`. */
  stream?: string | undefined;
  /** The endings of repository files that package families use, with the dot. */
  repositoryExtensions: readonly string[];
}

/** A config directory, read and checked as a whole. Nothing of it needs to be looked at again. */
export interface Config {
  /** Absolute. */
  directory: string;
  basearch: ArchitectureName;
  /** The system's short name: file names, labels, `com.coreos.osname`. */
  name: string;
  summary: string | undefined;
  stream: string | undefined;
  treefile: Treefile;
  /** The content of image.json. */
  image: ImageSpecification;
  /** The content of disk.json; undefined without a disk.yaml. */
  disk: DiskLayout | undefined;
  /** The content of platforms.json: the architecture's platforms by name. */
  platforms: Readonly<Record<string, PlatformSettings>>;
  /** The content of release.json; undefined without a release.yaml. */
  release: ReleaseSettings | undefined;
  repositories: readonly ConfigRepository[];
  /** The ending that all repository files have: it chooses the package family. */
  repositoryExtension: string;
  /** Values that the repository files may use, as `${name}`. */
  repositoryVariables: Readonly<Record<string, string>>;
  /** In the order in which they are copied. */
  overlays: readonly Overlay[];
  /** In the order in which they are copied, after all overlays. */
  addedFiles: readonly AddedFile[];
  /** Those of `live/`, with their places in the container. */
  liveFiles: readonly AddedFile[];
  /** Whether a file build-args.conf gives the variables: such configs are made to run in a container. */
  isDerived: boolean;
  /** In the order in which they run. */
  scripts: readonly Script[];
  /** In the order in which they run, when the tree is done. */
  finalizeScripts: readonly FinalizeScript[];
  accountFiles: AccountFiles;
  /** Where the lockfile is or would be. */
  lockfilePath: string;
  lockOverrides: Readonly<Record<string, LockOverride>>;
  /** Where a treefile key, or one item of its list, stands: for errors that show up later. */
  positionOf: LoadedTreefile['positionOf'];
  /** Keys that stand in the config and have no effect: each is worth a warning. */
  unread: readonly UnreadKey[];
}

/**
 * Reads a config directory: `manifest.yaml` with what it includes, `image.yaml`, `disk.yaml`, `platforms.yaml`, `release.yaml`,
 * repository files, overlays, scripts, lock overrides. Only the manifest must be there.
 * @throws CosaError with exit 2 and, wherever there is one, a position: `CONFIG_ACCOUNTS`, `CONFIG_MANIFEST_MISSING`, `CONFIG_SYNTAX`,
 *   `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE`, `CONFIG_CONDITION`, `CONFIG_INCLUDE_MISSING`, `CONFIG_INCLUDE_LOOP`,
 *   `CONFIG_INCLUDE_TWICE`, `CONFIG_INCLUDE_DEPTH`, `CONFIG_FILE_OUTSIDE`, `CONFIG_FILE_MODE`, `CONFIG_VARIABLE_SIZE`,
 *   `CONFIG_VARIABLE_UNDEFINED`, `CONFIG_VARIANT`, `CONFIG_NAME`, `CONFIG_STREAM`, `CONFIG_FILE_MISSING`,
 *   `CONFIG_REPOSITORY_MISSING`, `CONFIG_REPOSITORY_AMBIGUOUS`, `CONFIG_REPOSITORIES_MIXED`,
 *   `CONFIG_OVERLAY_MISSING`, `CONFIG_OVERLAY_ENTRY`, `CONFIG_STATOVERRIDE`
 */
export async function loadConfig(directory: string, options: ConfigOptions): Promise<Config> {
  const selection = await selectConfig(directory, options);
  const { base } = selection;
  const { basearch, repositoryExtensions, stream: chosen } = options;
  const loaded = await loadTreefile(base, { ...selection, basearch, stream: chosen });
  requireConsistency(loaded);
  requireAccountsAlike(loaded);
  const { treefile, variables, positionOf } = loaded;
  const name = systemName(loaded);
  const stream = streamName(loaded);
  const summary = treefile.metadata.summary ?? treefile.rojig?.summary;
  const repositories = await findRepositories(base, loaded, repositoryExtensions);
  const image = await loadImageSpecification(base, stream, { name: selection.image });
  const layersOf = (key: 'ostree-layers' | 'ostree-override-layers') =>
    readOverlays(base, treefile[key], (layer) => positionOf(key, layer));
  return {
    directory: base,
    basearch,
    name,
    summary: typeof summary === 'string' || typeof summary === 'number' ? String(summary) : undefined,
    stream,
    treefile,
    image: image.specification,
    disk: await loadDiskLayout(base, image.specification.size),
    platforms: await loadPlatforms(base, basearch),
    release: await loadReleaseSettings(base),
    repositoryExtension: requireFamily(repositories, repositoryExtensions, () => positionOf('repos')),
    repositories: repositories.repositories,
    repositoryVariables: Object.fromEntries([...variables].map(([key, value]) => [key, String(value)])),
    overlays: [...(await layersOf('ostree-layers')), ...(await layersOf('ostree-override-layers'))],
    addedFiles: await readAddedFiles(loaded),
    liveFiles: await readLiveFiles(loaded.boundary),
    isDerived: selection.build !== undefined,
    scripts: await readScripts(loaded),
    finalizeScripts: await readFinalizeScripts(loaded.boundary, loaded.directories),
    accountFiles: await readAccountFiles(loaded),
    lockfilePath: join(base, `manifest-lock.${basearch}.json`),
    lockOverrides: await loadLockOverrides(base, basearch),
    positionOf,
    unread: [...loaded.unread, ...image.unread],
  };
}
