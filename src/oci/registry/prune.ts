import { type Digest, digestHex } from '../../lib/digest.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { attempt } from '../attempt.ts';
import { readReferrers } from '../copy/related.ts';
import type { Place } from '../place.ts';
import type { Repository } from '../registries.ts';

/** More than anybody reads who uses them: this is for getting rid of them. */
const maximumReferrers = 100_000;

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
    // A list of them that cannot be read goes with the tag that it lies under.
    const found = await attempt(() =>
      readReferrers(repository, [digest], place.format({ digest }), { maximum: maximumReferrers }),
    );
    const referrers = found.value ?? [];
    const belongings = new Set(referrers.map(({ descriptor }) => descriptor.digest));
    // Signatures of the older kind, and the lists of referrers of registries that have no API for them.
    const prefixes = [digest, ...belongings].map((subject) => `sha256-${digestHex(subject)}`);
    const tags = names.filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
    for (const tagged of await resolveTags(repository, tags)) belongings.add(tagged);
    removed += belongings.size + 1;
    if (dryRun) continue;
    // What nothing refers to first.
    for (const { descriptor } of referrers.reverse()) await remove(descriptor.digest);
    // A list of referrers has become another one meanwhile.
    for (const tagged of await resolveTags(repository, tags)) await remove(tagged);
    await remove(digest);
  }
  return removed;

  async function remove(digest: Digest): Promise<void> {
    reporter.signal.throwIfAborted();
    await repository.deleteManifest(digest);
  }
}

async function resolveTags(repository: Repository, tags: readonly string[]): Promise<Set<Digest>> {
  const found = await Promise.all(tags.map((tag) => attempt(() => repository.resolveTag(tag))));
  return new Set(found.flatMap(({ value }) => value?.digest ?? []));
}
