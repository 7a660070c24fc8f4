import { labelNames } from '../../contract/labels.ts';
import type { Digest } from '../../lib/digest.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { hasTellingType } from '../artifact.ts';
import { attempt } from '../attempt.ts';
import { type Descriptor, mediaTypes } from '../types.ts';
import type { Manifests } from './manifests.ts';
import { type Page, pages } from './pages.ts';
import { referrerEntry } from './referrer-entry.ts';
import { parseReferrerList } from './referrer-list.ts';
import { readFallbackIndex } from './referrers-fallback.ts';
import type { RepositoryRequests } from './requests.ts';

/** Registries are waited for, most of the time. */
const readsAtOnce = 8;
/** How registries without the referrers API answer: they know no such address, or no such method there. */
const lacking = [400, 404, 405, 501];

/**
 * Manifests whose `subject` is a digest, newest last as far as they say when they were made.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers
 * @throws CosaError `INDEX_INVALID`, `REGISTRY_ANSWER_INVALID` (exit 4), what `RegistryClient.request` throws
 */
export async function listReferrers(
  requests: RepositoryRequests,
  manifests: Manifests,
  subject: Digest,
  artifactType?: string,
): Promise<readonly Descriptor[]> {
  const found =
    (await askApi(requests, subject, artifactType)) ?? (await readFallbackIndex(requests, manifests, subject));
  const unique = new Map(found.map((descriptor) => [descriptor.digest, descriptor]));
  const known = await mapParallel(
    [...unique.values()],
    async (entry) => (hasTellingType(entry) ? entry : withOwnType(requests, manifests, subject, entry)),
    readsAtOnce,
  );
  return (
    known
      .filter((descriptor) => descriptor !== undefined)
      // A registry may filter, or say that it does, or not: OCI-Filters-Applied is not what we rely on.
      .filter((descriptor) => artifactType === undefined || descriptor.artifactType === artifactType)
      .sort((a, b) => createdTime(a) - createdTime(b))
  );
}

/** The entry with the type that the manifest itself has; `undefined` if that is about something else. */
async function withOwnType(
  requests: RepositoryRequests,
  manifests: Manifests,
  subject: Digest,
  entry: Descriptor,
): Promise<Descriptor | undefined> {
  const { value: bytes, reason } = await attempt(() => manifests.read(entry));
  if (bytes === undefined) {
    requests.warn(`the list of referrers of ${subject} names what cannot be read: ${reason}`);
    return entry;
  }
  const own = referrerEntry(entry, bytes, subject);
  return own && { ...entry, artifactType: own.artifactType, annotations: entry.annotations ?? own.annotations };
}

/** `undefined` if the registry has no such API. */
async function askApi(
  requests: RepositoryRequests,
  subject: Digest,
  artifactType?: string,
): Promise<Descriptor[] | undefined> {
  const filter = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const what = `the list of referrers of ${subject}`;
  const found: Descriptor[] = [];
  const request = {
    method: 'GET',
    path: `referrers/${subject}${filter}`,
    access: 'pull',
    headers: { Accept: mediaTypes.index },
    accept: [200, ...lacking],
  } as const;
  for await (const page of pages(requests, request, what)) {
    if (!isIndex(page)) return undefined;
    const { entries, odd } = await parseReferrerList(page.text, `${what} in ${requests.where}`);
    found.push(...entries.map(({ descriptor }) => descriptor));
    for (const { reason } of odd) requests.warn(reason);
  }
  return found;
}

/** Some servers answer every address, with a page for people. */
function isIndex(page: Page): boolean {
  return page.status === 200 && page.header('content-type')?.startsWith('text/html') !== true;
}

function createdTime(descriptor: Descriptor): number {
  const time = Date.parse(descriptor.annotations?.[labelNames.created] ?? '');
  return Number.isNaN(time) ? 0 : time;
}
