import { labelNames } from '../../../contract/labels.ts';
import { candidateTag } from '../../../contract/tags.ts';
import { usageError } from '../../../lib/errors.ts';
import { labelOf } from '../../../oci/image.ts';
import { platformFor } from '../../../oci/platform.ts';
import type { ContentReader, LocalStore } from '../../../oci/store.ts';
import { imagesTagged } from '../../../oci/tag-images.ts';
import type { Platform } from '../../../oci/types.ts';
import type { Session } from '../../../workspace/session.ts';
import type { Destination } from '../../../workspace/transfer/destination.ts';
import { openIfThere } from '../../../workspace/transfer.ts';
import { ownPlace, type WorkDirectory } from '../../../workspace/work-directory.ts';
import type { BuildInputs } from './inputs.ts';
import { revisionLabel } from './labels.ts';
import type { BuildOptions } from './options.ts';
import type { PreviousContainer } from './previous.ts';
import { nextVersion } from './version.ts';

export interface VersionRequest {
  work: WorkDirectory;
  /** The work directory's `oci/`. */
  store: LocalStore;
  inputs: BuildInputs;
  previous: PreviousContainer | undefined;
  /** Where the build will be pushed. */
  destination: Destination | undefined;
  options: Pick<BuildOptions, 'version' | 'versionary' | 'force'>;
}

/**
 * The version of the build to come: the one that was chosen; or that of another architecture's newest build of the same
 * config revision, if this architecture has none of that version; or the next. No version is given twice to an
 * architecture, neither in `oci/` nor where the previous container lies nor where the build will go.
 * @throws CosaError `VERSION_MISSING`, `VERSION_INVALID`, `VERSION_TAKEN` (exit 2), what `askVersionary` and the places throw
 */
export async function chooseVersion(session: Session, request: VersionRequest): Promise<string> {
  const { work, store, inputs, previous, destination, options } = request;
  const chosen = options.version;
  const there = destination && (await openIfThere(destination.place, session));
  const platform = platformFor(inputs.config.basearch);
  if (chosen !== undefined) {
    const places = [
      { reader: store, place: ownPlace(work) },
      ...(there ? [{ reader: there, place: destination.place }] : []),
    ];
    for (const { reader, place } of options.force ? [] : places) {
      if (await isFree(reader, chosen, platform)) continue;
      throw usageError('VERSION_TAKEN', `there is a build ${place.format({ tag: chosen })} already, of other inputs`, {
        hint: 'choose another version, or replace that build with --force',
      });
    }
    return chosen;
  }
  const prefix = inputs.config.treefile['automatic-version-prefix'];
  if (prefix === undefined && options.versionary !== true) {
    throw usageError('VERSION_MISSING', 'nothing says which version this build gets', {
      hint: "set automatic-version-prefix in manifest.yaml, or pass --version; --versionary asks the config's script",
    });
  }
  const joined = await versionToJoin(there ? [store, there] : [store], inputs, platform);
  if (joined !== undefined) return joined;
  const elsewhere = previous?.admitted?.reader;
  const readers = [store, elsewhere, there].filter((reader) => reader !== undefined);
  if (options.versionary === true) return versionOfScript(session, request, readers);
  const tags = await Promise.all(readers.map((reader) => reader.tagNames()));
  const last = labelOf(previous?.image, labelNames.version);
  const rule = { prefix: prefix ?? '', suffix: inputs.config.treefile['automatic-version-suffix'] ?? '.' };
  return nextVersion(rule, inputs.timestamp, [...tags.flat(), ...(last === undefined ? [] : [last])]);
}

async function versionOfScript(
  session: Session,
  { work, inputs, previous }: VersionRequest,
  readers: readonly ContentReader[],
): Promise<string> {
  const platform = platformFor(inputs.config.basearch);
  const isOfStream = labelOf(previous?.image, labelNames.stream) === inputs.stream;
  // Loaded only here: it takes what starts programs.
  const { askVersionary } = await import('./versionary.ts');
  return askVersionary(session, {
    config: inputs.config,
    variant: work.settings.variant,
    timestamp: inputs.timestamp,
    last: isOfStream ? labelOf(previous?.image, labelNames.version) : undefined,
    isTaken: async (version) => {
      for (const reader of readers) if (!(await isFree(reader, version, platform))) return true;
      return false;
    },
  });
}

/** Whether nobody has given a version to the platform: only builds for others are tagged with it. */
async function isFree(reader: ContentReader, version: string, platform: Platform): Promise<boolean> {
  const { now, same, others } = await imagesTagged(reader, version, [platform]);
  return now === undefined || (same.length === 0 && others.length > 0);
}

/** What the stream's candidates for other platforms are called, if they were made of the same config. */
async function versionToJoin(
  readers: readonly ContentReader[],
  { config, source, stream }: BuildInputs,
  platform: Platform,
): Promise<string | undefined> {
  for (const reader of readers) {
    const { others } = await imagesTagged(reader, candidateTag(stream), [platform]);
    for (const other of others) {
      const version = labelOf(other, labelNames.version);
      const isOfConfig =
        labelOf(other, labelNames.osName) === config.name &&
        labelOf(other, labelNames.revision) === revisionLabel(source);
      if (version === undefined || !isOfConfig) continue;
      const free = await Promise.all(readers.map((place) => isFree(place, version, platform)));
      if (!free.includes(false)) return version;
    }
  }
  return undefined;
}
