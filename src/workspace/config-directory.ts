import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { selectConfig } from '../config/selection.ts';
import type { WholeConfigOptions } from '../config/whole.ts';
import { openScratch } from '../exec/scratch.ts';
import type { ArchitectureName } from '../lib/architecture.ts';
import { CosaError, usageError } from '../lib/errors.ts';
import { exists } from '../lib/if-exists.ts';
import type { Session } from './session.ts';
import { parseVariables, settingsVariables } from './variables.ts';
import { openWorkDirectory } from './work-directory.ts';

/** What a person says of the config that is meant. */
export interface ConfigRequest {
  /** The current directory, absolute. */
  directory: string;
  /** A config directory, or a manifest in one; the work directory's config, or the current directory, unless given. */
  config?: string | undefined;
  architecture: ArchitectureName;
  /** `NAME=VALUE`. */
  variables: readonly string[];
  variant?: string | undefined;
  stream?: string | undefined;
  /** A path or a reference; `builder` for the config's builder image. */
  baseManifest?: string | undefined;
}

/** The config that is meant, and which of its files and values; to be read before it is disposed of. */
interface FoundConfig extends AsyncDisposable {
  config: string;
  options: WholeConfigOptions;
}

/**
 * Finds the config that is meant, and what it builds upon if that is asked for.
 * @throws CosaError `CONFIG_MISSING`, `CONFIG_VARIABLE` (exit 2), `WORK_DIRECTORY_INVALID`, and what {@link findBaseManifest} throws
 */
export async function findConfig(session: Session, request: ConfigRequest): Promise<FoundConfig> {
  const { directory, config: given, architecture, variant } = request;
  const work = given === undefined ? await workDirectoryAround(directory) : undefined;
  const config = work?.config ?? resolve(directory, given ?? '.');
  if (work === undefined && !(await exists(config))) {
    throw usageError('CONFIG_MISSING', `there is no ${config}`, {
      hint: 'name a config directory, or a manifest in one',
    });
  }
  const options = {
    basearch: architecture,
    variables: new Map([...settingsVariables(work?.settings), ...parseVariables(request.variables)]),
    variant: variant ?? work?.settings.variant,
    stream: request.stream ?? work?.settings.stream,
  };
  const { baseManifest } = request;
  if (baseManifest === undefined) return { config, options, [Symbol.asyncDispose]: async () => undefined };
  // Loaded only here: it takes registries, policies and the cache.
  const { findBaseManifest } = await import('./base-manifest.ts');
  const scratch = work === undefined ? await openScratch(tmpdir()) : undefined;
  const close = async () => scratch?.[Symbol.asyncDispose]();
  try {
    const selection = await selectConfig(config, options);
    const { manifest } = await findBaseManifest(session, {
      ...{ selection, architecture },
      named: baseManifest === builderWord ? undefined : { name: baseManifest, directory },
      root: work?.root ?? directory,
      cacheDirectory: scratch?.path ?? work?.cache ?? directory,
    });
    if (manifest === undefined) throw noBuilder(selection.base);
    return { config, options: { ...options, baseManifest: manifest }, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** In the place of a base manifest's name: that of the config's builder image. */
const builderWord = 'builder';

function noBuilder(directory: string) {
  return usageError('BASE_MANIFEST_MISSING', `${directory} names no builder image`, {
    hint: 'it stands in build-args.conf: BUILDER_IMG=REGISTRY/IMAGE@DIGEST',
  });
}

/** The work directory that is meant where nothing is named: not where a manifest lies right here. */
async function workDirectoryAround(directory: string) {
  if (await exists(join(directory, 'manifest.yaml'))) return undefined;
  try {
    return await openWorkDirectory(directory);
  } catch (error) {
    if (error instanceof CosaError && error.code === 'WORK_DIRECTORY_MISSING') return undefined;
    throw error;
  }
}
