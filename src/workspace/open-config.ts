import { basename, join } from 'node:path';
import { type Config, loadConfig } from '../config/load.ts';
import { streamName } from '../config/names.ts';
import { type ConfigChoice, selectConfig } from '../config/selection.ts';
import type { VariableValue } from '../config/substitute.ts';
import { loadTreefile } from '../config/treefile.ts';
import { type LockedBuilder, parseLockDocument } from '../contract/lockfile.ts';
import { type ArchitectureName, hostArchitecture } from '../lib/architecture.ts';
import { CosaError, formatPosition } from '../lib/errors.ts';
import { readTextIfExists } from '../lib/text-file.ts';
import type { PackageBackend } from '../packages/backend.ts';
import { backendFor, backends } from '../packages/backends.ts';
import type { Session } from './session.ts';
import { settingsVariables } from './variables.ts';
import type { WorkDirectory } from './work-directory.ts';

/** What is said of the config besides the settings of the work directory. */
export interface SaidOfConfig {
  architecture: ArchitectureName;
  /** Win over those of the settings. */
  variables?: ReadonlyMap<string, VariableValue> | undefined;
  /** A path or a reference, and what a relative one starts from. */
  baseManifest?: { name: string; directory: string } | undefined;
}

/** A config that is to be built, and what it is made with. */
export interface OpenedConfig {
  config: Config;
  backend: PackageBackend;
  /** The image whose manifests it builds upon. */
  builder: LockedBuilder | undefined;
}

/**
 * Reads the config of a work directory as it is for an architecture, and finds the package family of its repositories. Of each key that has no effect
 * there is a line in the log with its position; a warning if it is perhaps misspelt. The manifests of a builder image are
 * fetched, unless they are in the cache.
 * @param behaviour.refresh ask anew what a builder image's tag points to
 * @param behaviour.ignoreLock even if the lockfile says what it pointed to
 * @throws CosaError what {@link loadConfig} and `fetchBaseManifest` throw
 */
export async function openConfig(
  session: Session,
  work: WorkDirectory,
  said: SaidOfConfig,
  behaviour: { refresh?: boolean; ignoreLock?: boolean } = {},
): Promise<OpenedConfig> {
  const { architecture: basearch } = said;
  const choice = choiceOf(work, said.variables);
  const { baseManifest, builder } = await baseOf(session, work, { ...said, choice }, behaviour);
  const config = await loadConfig(work.config, {
    ...choice,
    basearch,
    baseManifest,
    stream: work.settings.stream,
    repositoryExtensions: backends.map(({ repositoryExtension }) => repositoryExtension),
  });
  const backend = backendFor(config.repositoryExtension);
  if (backend === undefined) throw new Error(`no package family has ${config.repositoryExtension} files`);
  for (const { key, where, butFor, reason, nearest } of config.unread) {
    if (butFor === backend.family) continue;
    const message = `${formatPosition(where)}: "${key}" has no effect: ${reason}`;
    if (nearest === undefined) session.events({ type: 'log', line: message });
    else session.events({ type: 'warning', message, hint: `did you mean "${nearest}"?` });
  }
  return { config, backend, builder };
}

function choiceOf({ settings }: WorkDirectory, variables: SaidOfConfig['variables'] = new Map()): ConfigChoice {
  return { variant: settings.variant, variables: new Map([...settingsVariables(settings), ...variables]) };
}

/** What the config builds upon: as is said, or as the settings have it, or else out of its builder image. */
async function baseOf(
  session: Session,
  work: WorkDirectory,
  { architecture, baseManifest, choice }: SaidOfConfig & { choice: ConfigChoice },
  { refresh, ignoreLock = false }: { refresh?: boolean; ignoreLock?: boolean },
): Promise<{ baseManifest?: ConfigChoice['baseManifest']; builder: LockedBuilder | undefined }> {
  const selection = await selectConfig(work.config, choice);
  const { settings, root } = work;
  const kept = settings.baseManifest === undefined ? undefined : { name: settings.baseManifest, directory: root };
  const named = baseManifest ?? kept;
  if (named === undefined && selection.builderImage === undefined) return { builder: undefined };
  // Loaded only here: most configs build upon nothing.
  const { findBaseManifest } = await import('./base-manifest.ts');
  const locked = ignoreLock ? undefined : await lockedBuilder(selection.base, architecture);
  const found = await findBaseManifest(session, {
    ...{ selection, architecture, named, root, refresh },
    locked,
    cacheDirectory: work.cache,
  });
  if (locked !== undefined && found.builder !== undefined && locked.image !== found.builder.image) {
    const message = `${basename(lockfileOf(selection.base, architecture))} was written with the builder image ${locked.image}`;
    session.events({ type: 'warning', message, hint: 'write it anew with "cosa fetch --update-lockfile"' });
  }
  return { baseManifest: found.manifest, builder: found.builder };
}

function lockfileOf(base: string, architecture: ArchitectureName): string {
  return join(base, `manifest-lock.${architecture}.json`);
}

async function lockedBuilder(base: string, architecture: ArchitectureName): Promise<LockedBuilder | undefined> {
  const path = lockfileOf(base, architecture);
  const text = await readTextIfExists(path);
  return text === undefined ? undefined : parseLockDocument(text, path).builder;
}

/**
 * The stream that a work directory's builds are for: as its settings say, or else its config.
 * @returns `undefined` where the config names none, or cannot be read: a build will say why
 */
export async function streamOf(work: WorkDirectory): Promise<string | undefined> {
  if (work.settings.stream !== undefined) return work.settings.stream;
  try {
    const selection = await selectConfig(work.config, choiceOf(work));
    return streamName(await loadTreefile(selection.base, { ...selection, basearch: hostArchitecture().name }));
  } catch (error) {
    if (error instanceof CosaError) return undefined;
    throw error;
  }
}
