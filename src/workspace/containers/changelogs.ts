import {
  type Changelogs,
  changelogsMediaType,
  changelogsSchema,
  mostChangelogBytes,
} from '../../contract/changelogs.ts';
import type { Digest } from '../../lib/digest.ts';
import { faultText, parseDocument } from '../../lib/document.ts';
import { verificationError } from '../../lib/errors.ts';
import { readManifest } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { readSmallBlob } from '../../oci/verified.ts';

/**
 * The changelogs that lie beside a container; `undefined` if none do: it was derived from one, or made by others. They are not
 * verified: whoever may write to the place could have put them there.
 * @throws CosaError `CHANGELOGS_INVALID` (exit 4), what the place fails at
 */
export async function attachedChangelogs(reader: ContentReader, subject: Digest): Promise<Changelogs | undefined> {
  const referrer = (await reader.referrers(subject, changelogsMediaType)).at(-1);
  if (referrer === undefined) return undefined;
  const layer = (await readManifest(reader, referrer)).layers[0];
  if (layer?.mediaType !== changelogsMediaType) return undefined;
  const text = (await readSmallBlob(reader, layer, mostChangelogBytes)).toString();
  const { sources } = parseDocument(changelogsSchema, text, (fault) =>
    verificationError('CHANGELOGS_INVALID', `the changelogs ${referrer.digest} are none: ${faultText(fault, 'they ')}`),
  );
  return new Map(Object.entries(sources));
}
