import type { Cleanup } from '../../../lib/cleanup.ts';
import { CosaError, type SourcePosition, usageError } from '../../../lib/errors.ts';
import { exitStatus } from '../../../lib/exit-status.ts';
import type { Place } from '../../../oci/place.ts';
import { parseReference } from '../../../oci/reference.ts';
import type { ContentReader } from '../../../oci/store.ts';
import type { ObjectStore } from '../../../publish/object-store.ts';
import type { RetentionPolicy } from '../../../publish/retention/policy.ts';
import {
  type PublishedVersions,
  readPublishedVersions,
  releaseItems,
} from '../../../publish/retention/published-versions.ts';
import type { StoreOptions } from '../../../publish/store-environment.ts';
import { openObjectStore, storeSchemes } from '../../../publish/stores.ts';
import { nothingBuilt, requireContents } from '../../../workspace/place.ts';
import { workDirectoryFor } from '../../../workspace/resolve-image.ts';
import type { Session } from '../../../workspace/session.ts';
import { openWorkDirectory, ownPlace, type WorkDirectory } from '../../../workspace/work-directory.ts';
import { type ContainerItem, containerItems, containerKey } from './container-items.ts';

/** A layout or a repository, with what lies in it. */
export interface ContainerPlace {
  kind: 'containers';
  name: string;
  place: Place;
  items: readonly ContainerItem[];
  /** Reads it anew, as it is then. */
  read: (reader: ContentReader) => Promise<readonly ContainerItem[]>;
}

/** An object store, with what is published in it. */
export interface StorePlace {
  kind: 'store';
  name: string;
  store: ObjectStore;
  published: PublishedVersions;
}

export type OpenedPlace = ContainerPlace | StorePlace;

/** What the policy means by the work directory's own containers. */
const ownName = 'oci';

/**
 * Opens every place that a policy names, and reads what lies there.
 * @param cleanup closes what was opened
 * @throws CosaError `PLACE_INVALID`, `REFERENCE_INVALID`, `STORE_URL`, `PRUNE_UNSUPPORTED` (exit 2) with the position in the policy, what
 *   the places' readers throw
 */
export async function openPlaces(
  session: Session,
  directory: string,
  policy: RetentionPolicy,
  { store, cleanup }: { store: StoreOptions; cleanup: Cleanup },
): Promise<readonly OpenedPlace[]> {
  const opened: OpenedPlace[] = [];
  for (const { name, where } of policy.places) {
    try {
      opened.push(
        isStore(name)
          ? await openStore(session, name, store, cleanup)
          : await openContainers(session, directory, name, policy),
      );
    } catch (error) {
      throw atPosition(error, where);
    }
  }
  return opened;
}

function isStore(name: string): boolean {
  return storeSchemes.some(({ scheme }) => name.toLowerCase().startsWith(`${scheme}://`));
}

async function openStore(session: Session, name: string, options: StoreOptions, cleanup: Cleanup): Promise<StorePlace> {
  const store = await openObjectStore(name, options, session);
  cleanup.defer(() => store[Symbol.asyncDispose]());
  return { kind: 'store', name: store.url, store, published: await readPublishedVersions(store, session.signal) };
}

async function openContainers(
  session: Session,
  directory: string,
  name: string,
  policy: RetentionPolicy,
): Promise<ContainerPlace> {
  const { work, place } = await placeOf(directory, name);
  if (place.layout === undefined && place.openForDeleting === undefined) {
    throw usageError('PRUNE_UNSUPPORTED', `nothing can be removed from ${place.format()}`, {
      hint: 'leave it out: what is needed of it goes to a new one with "cosa copy"',
    });
  }
  const options = { expiring: policy.expiringTags, upstream: work.settings.upstream?.digest };
  const read = (reader: ContentReader) => containerItems(reader, place.format(), options);
  const common = { kind: 'containers', name: place.format(), place, read } as const;
  if (await nothingBuilt(place)) return { ...common, items: [] };
  const reader = await place.open(session.registries);
  await requireContents(reader, place);
  return { ...common, items: await read(reader) };
}

async function placeOf(directory: string, name: string): Promise<{ work: WorkDirectory; place: Place }> {
  if (name === ownName) {
    const work = await openWorkDirectory(directory);
    return { work, place: ownPlace(work) };
  }
  const reference = parseReference(name);
  if (reference.name !== undefined || reference.tag !== undefined || reference.digest !== undefined) {
    throw usageError('PLACE_INVALID', `"${name}" names one container, and not all that lie there`, {
      hint: 'write oci, oci:DIR, docker://HOST/REPOSITORY, s3://BUCKET/PREFIX or file:///DIR',
    });
  }
  const work = await workDirectoryFor(directory, name);
  return { work, place: reference.placeIn(work.root) };
}

/** What is wrong with a place is wrong with the policy, which says where. */
function atPosition(error: unknown, where: SourcePosition): unknown {
  if (!(error instanceof CosaError) || error.where !== undefined || error.exitStatus !== exitStatus.usage) return error;
  const { code, message, hint } = error;
  return new CosaError(code, message, { where, cause: error, ...(hint === undefined ? {} : { hint }) });
}

/** Everything that the rules are about. Releases need their containers in registries; where none has them, in layouts. */
export function itemsOf(places: readonly OpenedPlace[]) {
  const containers = places.filter((place) => place.kind === 'containers');
  const registries = containers.filter(({ place }) => place.layout === undefined);
  const layouts = containers.filter(({ place }) => place.layout !== undefined);
  const holdersAmong = (some: readonly ContainerPlace[], digest: string) =>
    some
      .filter(({ items }) => items.some((item) => item.digest === digest))
      .map(({ name }) => containerKey(name, digest));
  const holders = (digest: string) => {
    const found = holdersAmong(registries, digest);
    return found.length > 0 ? found : holdersAmong(layouts, digest);
  };
  return places.flatMap((place) =>
    place.kind === 'containers' ? place.items : releaseItems(place.name, place.published, holders),
  );
}
