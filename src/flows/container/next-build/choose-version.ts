import { labelNames } from '../../../contract/labels.ts';
import { usageError } from '../../../lib/errors.ts';
import { labelOf } from '../../../oci/image.ts';
import type { LocalStore } from '../../../oci/store.ts';
import type { Session } from '../../../workspace/session.ts';
import { ownPlace, type WorkDirectory } from '../../../workspace/work-directory.ts';
import type { Destination } from '../transfer/destination.ts';
import { openIfThere } from '../transfer.ts';
import type { BuildInputs } from './inputs.ts';
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
  options: Pick<BuildOptions, 'version' | 'force'>;
}

/**
 * The version of the build to come: the one that was chosen, or the next. No version is given twice, neither in `oci/` nor
 * where the previous container lies nor where the build will go.
 * @throws CosaError `VERSION_MISSING`, `VERSION_INVALID`, `VERSION_TAKEN` (exit 2), what the places throw
 */
export async function chooseVersion(session: Session, request: VersionRequest): Promise<string> {
  const { work, store, inputs, previous, destination, options } = request;
  const chosen = options.version;
  const there = destination && (await openIfThere(destination.place, session));
  if (chosen !== undefined) {
    const places = [
      { reader: store, place: ownPlace(work) },
      ...(there ? [{ reader: there, place: destination.place }] : []),
    ];
    for (const { reader, place } of options.force ? [] : places) {
      if ((await reader.resolveTag(chosen)) === undefined) continue;
      throw usageError('VERSION_TAKEN', `there is a build ${place.format({ tag: chosen })} already, of other inputs`, {
        hint: 'choose another version, or replace that build with --force',
      });
    }
    return chosen;
  }
  const prefix = inputs.config.treefile['automatic-version-prefix'];
  if (prefix === undefined) {
    throw usageError('VERSION_MISSING', 'nothing says which version this build gets', {
      hint: 'set automatic-version-prefix in manifest.yaml, or pass --version',
    });
  }
  const elsewhere = previous?.admitted?.reader;
  const readers = [store, elsewhere, there].filter((reader) => reader !== undefined);
  const tags = await Promise.all(readers.map((reader) => reader.tagNames()));
  const last = labelOf(previous?.image, labelNames.version);
  return nextVersion(prefix, inputs.timestamp, [...tags.flat(), ...(last === undefined ? [] : [last])]);
}
