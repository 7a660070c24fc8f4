import { type CosaError, verificationError } from '../../lib/errors.ts';
import { mediaTypes } from '../types.ts';

/** What is accepted as a manifest. Docker's are named so that a registry hands them out unchanged instead of converting them. */
const manifestTypes: readonly string[] = [
  mediaTypes.manifest,
  mediaTypes.index,
  // https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-2.md
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/** The `Accept` header of every request for a manifest. */
export const acceptedManifests = manifestTypes.join(', ');

const schema1 = 'application/vnd.docker.distribution.manifest.v1+json';
/** Signed manifests have an ending of their own. */
const schema1Pattern = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

/** True if registries keep such content among the manifests, not among the blobs. */
export function isManifestType(mediaType: string): boolean {
  return manifestTypes.includes(mediaType);
}

/** A `Content-Type` that says what a manifest is: without parameters; `undefined` if it could be anything. */
export function declaredType(header: string | undefined): string | undefined {
  const type = header?.split(';', 1)[0]?.trim().toLowerCase();
  return type?.startsWith('application/vnd.') === true ? wellFormed(type) : undefined;
}

/**
 * What a manifest is by its content, for registries that do not say.
 * @returns `undefined` if it is none that is known
 */
export function typeOfContent(bytes: Buffer): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null) return undefined;
  if ('schemaVersion' in document && document.schemaVersion === 1) return schema1;
  if ('mediaType' in document && typeof document.mediaType === 'string') return wellFormed(document.mediaType);
  if ('manifests' in document) return mediaTypes.index;
  return 'layers' in document ? mediaTypes.manifest : undefined;
}

/**
 * Refuses the format of 2015: its digest does not cover what it holds.
 * @param what names the manifest: `docker://registry.test/os/example:stable`
 * @throws CosaError `MANIFEST_SCHEMA1` (exit 4)
 */
export function refuseSchema1(mediaType: string | undefined, what: string): void {
  if (mediaType !== undefined && schema1Pattern.test(mediaType)) throw schema1Error(what);
}

function schema1Error(what: string): CosaError {
  return verificationError('MANIFEST_SCHEMA1', `${what} is a manifest of Docker's schema 1, which is not supported`, {
    hint: `convert it: skopeo copy --format oci ${what} docker://HOST/REPO:TAG`,
  });
}

/** https://www.rfc-editor.org/rfc/rfc6838.html#section-4.2 */
function wellFormed(mediaType: string): string | undefined {
  return /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/i.test(mediaType) ? mediaType : undefined;
}
