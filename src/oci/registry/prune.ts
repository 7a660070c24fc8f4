import { type Digest, digestHex } from '../../lib/digest.ts';
import type { Reporter } from '../../lib/reporter.ts';
import { readReferrers } from '../copy/related.ts';
import { formatPlace, type Place } from '../place.ts';
import type { Repository } from '../registries.ts';

/**
 * Removes manifests of a repository, with every tag that points to them and all that refers to them: test results,
 * signatures, lists of parts. Their blobs are the registry's to collect. What an image has goes before the
 * image itself, so that a run that was stopped is finished by the next.
 * @param digests in the order in which they are to go
 * @returns how many manifests were removed
 * @throws CosaError `DELETE_UNSUPPORTED` (exit 1): then nothing was removed
 */
export async function pruneRepository(
  repository: Repository,
  place: Place,
  digests: readonly Digest[],
  dryRun: boolean,
  reporter: Reporter,
): Promise<number> {
  const names = digests.length === 0 ? [] : await repository.tagNames();
  let removed = 0;
  for (const digest of digests) {
    for (const manifest of [...(await belongings(repository, place, names, digest)), digest]) {
      reporter.signal.throwIfAborted();
      if (!dryRun) await repository.deleteManifest(manifest);
      removed += 1;
    }
  }
  return removed;
}

/** The manifests that are there for an image's sake, those that nothing refers to first. */
async function belongings(
  repository: Repository,
  place: Place,
  names: readonly string[],
  digest: Digest,
): Promise<Digest[]> {
  const referrers = await readReferrers(repository, [digest], formatPlace(place, { digest }));
  const found = referrers.map((referrer) => referrer.descriptor.digest).reverse();
  // Signatures of the older kind, and the lists of referrers of registries without the API for them.
  for (const tag of names.filter((name) => name.startsWith(`sha256-${digestHex(digest)}`))) {
    const tagged = await repository.resolveTag(tag);
    if (tagged !== undefined) found.push(tagged.digest);
  }
  return [...new Set(found)];
}
