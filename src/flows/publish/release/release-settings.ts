import { posix } from 'node:path';
import { containerPaths } from '../../../contract/paths.ts';
import { type ReleaseSettings, releaseSettingsSchema } from '../../../contract/release.ts';
import { faultText, parseDocument } from '../../../lib/document.ts';
import { verificationError } from '../../../lib/errors.ts';
import type { Image } from '../../../oci/image.ts';
import type { ContentReader } from '../../../oci/store.ts';
import { readFiles, readImageDirectories } from '../../../ostree/unpack/read-files.ts';

/**
 * What a container says of its releases; the defaults if it says nothing.
 * @throws CosaError `RELEASE_SETTINGS_INVALID` (exit 4), what `readFiles` throws; the signal's reason
 */
export async function readReleaseSettings(
  reader: ContentReader,
  image: Image,
  signal: AbortSignal,
): Promise<ReleaseSettings> {
  const path = containerPaths.release;
  const tree = await readImageDirectories(reader, image, [posix.dirname(path)], signal);
  const content = (await readFiles(reader, image, [path], tree, signal)).get(path);
  if (content === undefined) return releaseSettingsSchema.parse({});
  return parseDocument(releaseSettingsSchema, content.toString(), (fault) =>
    verificationError('RELEASE_SETTINGS_INVALID', `${path} in the container: ${faultText(fault, 'it ')}`, {
      hint: 'put it right in release.yaml and build the container again, or name the platforms here',
      cause: fault.cause,
    }),
  );
}
