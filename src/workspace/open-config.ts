import { type Config, loadConfig } from '../config/load.ts';
import { streamName } from '../config/names.ts';
import { selectConfig } from '../config/selection.ts';
import { loadTreefile } from '../config/treefile.ts';
import { type ArchitectureName, hostArchitecture } from '../lib/architecture.ts';
import { CosaError, formatPosition } from '../lib/errors.ts';
import type { PackageBackend } from '../packages/backend.ts';
import { backendFor, backends } from '../packages/backends.ts';
import type { Pipeline } from '../progress/step.ts';
import type { WorkDirectory } from './work-directory.ts';

/**
 * Reads the config of a work directory as it is for an architecture, and finds the package family of its repositories. Of each key that has no effect
 * there is a line in the log with its position; a warning if it is perhaps misspelt.
 * @throws CosaError what {@link loadConfig} throws
 */
export async function openConfig(
  pipeline: Pipeline,
  work: WorkDirectory,
  basearch: ArchitectureName,
): Promise<{ config: Config; backend: PackageBackend }> {
  const config = await loadConfig(work.config, {
    basearch,
    stream: work.settings.stream,
    variant: work.settings.variant,
    repositoryExtensions: backends.map(({ repositoryExtension }) => repositoryExtension),
  });
  const backend = backendFor(config.repositoryExtension);
  if (backend === undefined) throw new Error(`no package family has ${config.repositoryExtension} files`);
  for (const { key, where, family, reason, nearest } of config.unread) {
    if (family === backend.family) continue;
    const message = `${formatPosition(where)}: "${key}" has no effect: ${reason}`;
    if (nearest === undefined) pipeline.events({ type: 'log', line: message });
    else pipeline.events({ type: 'warning', message, hint: `did you mean "${nearest}"?` });
  }
  return { config, backend };
}

/**
 * The stream that a work directory's builds are for: as its settings say, or else its config.
 * @returns `undefined` where the config names none, or cannot be read: a build will say why
 */
export async function streamOf(work: WorkDirectory): Promise<string | undefined> {
  if (work.settings.stream !== undefined) return work.settings.stream;
  try {
    const selection = await selectConfig(work.config, work.settings);
    return streamName(await loadTreefile(selection.base, { ...selection, basearch: hostArchitecture().name }));
  } catch (error) {
    if (error instanceof CosaError) return undefined;
    throw error;
  }
}
