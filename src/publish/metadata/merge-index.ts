import { releaseKey } from '../keys.ts';
import { type Author, dated } from './changed-document.ts';
import { addressOf, type PublicPlace } from './merge-release.ts';
import { requireStream } from './product.ts';
import type { Release } from './release.ts';
import type { IndexedRelease, ReleaseIndex } from './release-index.ts';
import { compareVersions } from './version-order.ts';

const note = 'For tools that update systems. Installers and people find what to use in the metadata of the stream.';

/**
 * The release index: what was there, with one version. One that is there already keeps its place, and fields that we do not
 * know; a new one comes behind those that are older.
 * @throws CosaError `STREAM_OTHER_PRODUCT` (exit 4)
 */
export function mergeIndex(
  current: ReleaseIndex | undefined,
  release: Release,
  place: PublicPlace,
  author: Author,
): ReleaseIndex {
  const { stream, release: version } = release;
  if (current !== undefined) requireStream(current, stream);
  const releases = [...(current?.releases ?? [])];
  const at = releases.findIndex((entry) => entry.version === version);
  const entry = indexed(releases[at], release, place);
  if (at >= 0) releases[at] = entry;
  else releases.splice(releases.findLastIndex((other) => compareVersions(other.version, version) < 0) + 1, 0, entry);
  return dated(current, { note, ...current, stream, metadata: current?.metadata ?? {}, releases }, author);
}

function indexed(current: IndexedRelease | undefined, release: Release, place: PublicPlace): IndexedRelease {
  const architectures = Object.entries(release.architectures);
  const commits = architectures.flatMap(([architecture, { commit }]) =>
    commit === undefined ? [] : [{ architecture, checksum: commit }],
  );
  const images = architectures.flatMap(([architecture, { 'oci-image': image }]) =>
    image === undefined || image === null
      ? []
      : [{ architecture, image: image.image, ...optional('digest-ref', image['digest-ref']) }],
  );
  return {
    ...current,
    version: release.release,
    metadata: addressOf(place, releaseKey({ stream: release.stream, version: release.release })),
    ...optional('commits', byArchitecture(current?.commits, commits)),
    ...optional('oci-images', byArchitecture(current?.['oci-images'], images)),
  };
}

/** Those that were there with what is new of them, and then those of other architectures. */
function byArchitecture<Entry extends { architecture: string }>(
  current: readonly Entry[] | undefined,
  next: readonly Entry[],
): Entry[] | undefined {
  const merged = (current ?? []).map((entry) => ({
    ...entry,
    ...next.find(({ architecture }) => architecture === entry.architecture),
  }));
  const added = next.filter(({ architecture }) => !current?.some((entry) => entry.architecture === architecture));
  return merged.length + added.length === 0 ? undefined : [...merged, ...added];
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]: Value });
}
