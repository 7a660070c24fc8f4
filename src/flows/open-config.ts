import { type Config, loadConfig } from '../config/load.ts';
import { streamName } from '../config/names.ts';
import { loadTreefile } from '../config/treefile.ts';
import { CosaError } from '../lib/errors.ts';
import type { PackageBackend } from '../packages/backend.ts';
import { backendFor, backends } from '../packages/index.ts';
import { hostBaseArchitecture } from './architecture.ts';
import type { WorkDirectory } from './work-directory.ts';

/** Reads the config of a work directory, and finds the package family of its repositories. Throws what {@link loadConfig} throws. */
export async function openConfig(work: WorkDirectory): Promise<{ config: Config; backend: PackageBackend }> {
  const config = await loadConfig(work.config, {
    basearch: hostBaseArchitecture(),
    stream: work.settings.stream,
    repositoryExtensions: backends.map(({ repositoryExtension }) => repositoryExtension),
  });
  const backend = backendFor(config.repositoryExtension);
  if (backend === undefined) throw new Error(`no package family has ${config.repositoryExtension} files`);
  return { config, backend };
}

/**
 * The stream that a work directory's builds are for: as its settings say, or else its config.
 * @returns `undefined` where the config names none, or cannot be read: a build will say why
 */
export async function streamOf(work: WorkDirectory): Promise<string | undefined> {
  if (work.settings.stream !== undefined) return work.settings.stream;
  try {
    return streamName(await loadTreefile(work.config, { basearch: hostBaseArchitecture() }));
  } catch (error) {
    if (error instanceof CosaError) return undefined;
    throw error;
  }
}
