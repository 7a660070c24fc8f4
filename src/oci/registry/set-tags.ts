import { labelNames } from '../../contract/labels.ts';
import type { Digest } from '../../lib/digest.ts';
import { type CosaError, usageError, verificationError } from '../../lib/errors.ts';
import { parseManifest } from '../schemas.ts';
import { isTag } from '../tag.ts';
import { type Descriptor, mediaTypes } from '../types.ts';
import type { Manifests } from './manifests.ts';

/**
 * Points tags at a stored manifest, one after the other; see `ContentWriter.setTags`. A registry has no
 * compare-and-set: a tag that is expected to point somewhere is looked at directly before and directly after, and
 * the condition goes along for registries that honour it.
 * @param where names the repository in messages
 * @throws CosaError `TAG_INVALID` (exit 2), `BLOB_MISSING`, `TAG_MOVED` (exit 4) saying what the tag points to
 */
export async function setTags(
  manifests: Manifests,
  where: string,
  tags: readonly string[],
  manifest: Descriptor,
  expected: ReadonlyMap<string, Digest | undefined> = new Map(),
): Promise<void> {
  for (const tag of tags) {
    if (!isTag(tag)) {
      throw usageError('TAG_INVALID', `"${tag}" is not a tag: letters, digits, "_", "." and "-", at most 128`);
    }
  }
  const bytes = await manifests.read(manifest);
  for (const [tag, digest] of expected) {
    const now = await manifests.resolve(tag, 'push');
    // It may be where we want it by an attempt of ours that was not finished.
    if (now?.digest !== digest && now?.digest !== manifest.digest) {
      throw await tagMoved(manifests, where, tag, digest, now);
    }
  }
  for (const tag of tags) {
    const conditions = expected.has(tag) ? conditionsOf(expected.get(tag)) : {};
    const { isRefused } = await manifests.put({ bytes, mediaType: manifest.mediaType, tag, conditions });
    if (!isRefused && !expected.has(tag)) continue;
    // Refused, the tag may still be where we want it: by an attempt of ours whose answer was lost.
    const now = await manifests.resolve(tag, 'push');
    if (now?.digest !== manifest.digest) throw await tagMoved(manifests, where, tag, expected.get(tag), now);
  }
}

/**
 * Headers by which a tag is only moved from where it is expected, on registries that honour them.
 * https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.1, with the digest as the entity tag that registries give
 */
export function conditionsOf(digest: Digest | undefined): Record<string, string> {
  return digest === undefined ? { 'If-None-Match': '*' } : { 'If-Match': `"${digest}"` };
}

async function tagMoved(
  manifests: Manifests,
  where: string,
  tag: string,
  expected: Digest | undefined,
  now: Descriptor | undefined,
): Promise<CosaError> {
  const found = now === undefined ? 'nothing' : `${now.digest}${await versionOf(manifests, now)}`;
  return verificationError(
    'TAG_MOVED',
    `the tag "${tag}" of ${where} points to ${found}, not to ${expected ?? 'nothing'} any more: somebody else moved it`,
    { hint: 'look at what it points to now, then run the command again' },
  );
}

/** For the message only: whoever moved the tag is known best by the version that it was moved to. */
async function versionOf(manifests: Manifests, descriptor: Descriptor): Promise<string> {
  if (descriptor.mediaType !== mediaTypes.manifest) return '';
  try {
    const text = (await manifests.read(descriptor)).toString();
    const version = parseManifest(text, 'manifest').annotations?.[labelNames.version];
    return version === undefined ? '' : ` (version ${version})`;
  } catch {
    return '';
  }
}
