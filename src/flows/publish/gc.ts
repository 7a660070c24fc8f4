import { resolve } from 'node:path';
import { createCleanup } from '../../lib/cleanup.ts';
import { CosaError } from '../../lib/errors.ts';
import { plural } from '../../lib/format.ts';
import { pruneLayout } from '../../oci/layout/prune.ts';
import type { Repository } from '../../oci/registries.ts';
import { pruneRepository } from '../../oci/registry/prune.ts';
import type { ContentReader } from '../../oci/store.ts';
import { runStep } from '../../progress/step.ts';
import { planRetention, type RetainedItem, type Verdict } from '../../publish/retention/plan.ts';
import { type RetentionPolicy, readRetentionPolicy } from '../../publish/retention/policy.ts';
import { removeVersion } from '../../publish/retention/remove-version.ts';
import type { StoreOptions } from '../../publish/store-environment.ts';
import { attachedTags } from '../../workspace/containers/attached-tags.ts';
import type { Session } from '../../workspace/session.ts';
import type { ContainerItem } from './gc/container-items.ts';
import { type ContainerPlace, itemsOf, type OpenedPlace, openPlaces, type StorePlace } from './gc/open-places.ts';

export interface GcOptions {
  /** Where the command runs: relative paths start there. */
  directory: string;
  /** Path of the policy. */
  policy: string;
  store: StoreOptions;
  /** Milliseconds since the epoch: what ages are counted from. */
  now: number;
  /** False to say only what would go. */
  apply: boolean;
}

/** What went, or would: what a place knows of it. */
export interface Freed {
  /** Of a layout: blobs, and their bytes. */
  blobs?: number;
  bytes?: number;
  /** Of a registry; or tags alone, if it removes nothing else. */
  manifests?: number;
  tags?: number;
  /** Of an object store. */
  objects?: number;
}

export interface CollectedPlace {
  place: string;
  kept: readonly Verdict[];
  removed: readonly Verdict[];
  freed: Freed;
}

/**
 * Removes what a policy has no use for any more, from all of its places, or says what would go. Releases go first, so that
 * none names a container that is gone; then containers from registries, and from layouts. Killed at any moment, what is
 * left is sound, and the next run goes on.
 * @throws CosaError what `readRetentionPolicy`, `openPlaces`, `removeVersion` and `pruneLayout` throw; `DELETE_UNSUPPORTED` (exit 1)
 */
export async function collectGarbage(session: Session, options: GcOptions): Promise<readonly CollectedPlace[]> {
  const { directory, store, now, apply } = options;
  const policy = await readRetentionPolicy(resolve(directory, options.policy));
  await using cleanup = createCleanup();
  const places = await runStep(session, 'see what there is', (reporter) =>
    openPlaces(session, directory, policy, { store, cleanup }).then((opened) => {
      reporter.note(plural(opened.length, 'place'));
      return opened;
    }),
  );
  const items = itemsOf(places);
  const plan = planRetention(policy, items, now);
  const inPlace = (verdicts: readonly Verdict[], { name }: OpenedPlace) =>
    verdicts.filter(({ item }) => item.place === name);
  const freed = new Map<OpenedPlace, Freed>();
  for (const place of [...places].sort((a, b) => rank(a) - rank(b))) {
    const removed = inPlace(plan.removed, place).map(({ item }) => item);
    const others = items.filter((item) => item.place !== place.name);
    freed.set(place, await collect(session, place, { removed, others, policy, now, apply }));
  }
  return places.map((place) => ({
    place: place.name,
    kept: inPlace(plan.kept, place),
    removed: inPlace(plan.removed, place),
    freed: freed.get(place) ?? {},
  }));
}

/** What names others goes before them. */
function rank(place: OpenedPlace): number {
  if (place.kind === 'store') return 0;
  return place.place.layout === undefined ? 1 : 2;
}

interface Collection {
  removed: readonly RetainedItem[];
  /** What lies in the other places, and may need something of this one. */
  others: readonly RetainedItem[];
  policy: RetentionPolicy;
  now: number;
  apply: boolean;
}

async function collect(session: Session, place: OpenedPlace, collection: Collection): Promise<Freed> {
  if (place.kind === 'store') return collectStore(session, place, collection);
  if (place.place.layout !== undefined) return collectLayout(session, place, place.place.layout, collection);
  return collectRegistry(session, place, collection);
}

async function collectStore(
  session: Session,
  { store, published }: StorePlace,
  { removed, apply }: Collection,
): Promise<Freed> {
  const names = new Set(removed.map(({ name }) => name));
  const going = published.versions.filter(({ stream, version }) => names.has(`${stream} ${version}`));
  const bytes = going.reduce((sum, version) => sum + version.bytes, 0);
  if (!apply || going.length === 0) {
    return { objects: going.reduce((sum, { objects }) => sum + objects, 0), bytes };
  }
  const order = new Map(removed.map(({ name }, index) => [name, index]));
  const place = ({ stream, version }: (typeof going)[number]) => order.get(`${stream} ${version}`) ?? 0;
  return runStep(session, `remove releases from ${store.url}`, async ({ signal, status, note }) => {
    let objects = 0;
    for (const version of going.sort((a, b) => place(a) - place(b))) {
      status(`${version.stream} ${version.version}`);
      objects += await removeVersion(store, version, signal);
    }
    note(plural(going.length, 'version'));
    return { objects, bytes };
  });
}

/** With the layout locked it is read and decided anew: somebody may have tagged something meanwhile. */
async function collectLayout(
  session: Session,
  { name, items, read }: ContainerPlace,
  layout: string,
  { others, policy, now, apply }: Collection,
): Promise<Freed> {
  // Nothing is built there, and so there is no layout.
  if (items.length === 0) return { blobs: 0, bytes: 0 };
  const choose = async (reader: ContentReader) => {
    const plan = planRetention(policy, [...others, ...(await read(reader))], now);
    const going = plan.removed.map(({ item }) => item).filter((item): item is ContainerItem => 'digest' in item);
    const here = going.filter(({ place }) => place === name);
    const digests = here.map(({ digest }) => digest);
    return new Set([...here.flatMap(({ tags }) => tags), ...(await attachedTags(reader, digests))]);
  };
  const { blobs, bytes } = await runStep(session, `${apply ? 'remove' : 'find'} what is not needed in ${name}`, () =>
    pruneLayout(layout, choose, !apply),
  );
  return { blobs, bytes };
}

async function collectRegistry(
  session: Session,
  { place, name }: ContainerPlace,
  { removed, apply }: Collection,
): Promise<Freed> {
  const items = removed.filter((item): item is ContainerItem => 'digest' in item);
  // What lists disk images goes before the container that these belong to.
  const ordered = [...items.filter((item) => item.hasDiskImages), ...items.filter((item) => !item.hasDiskImages)];
  const open = place.openForDeleting;
  if (ordered.length === 0 || open === undefined) return { manifests: 0 };
  return runStep(session, `${apply ? 'remove' : 'find'} what is not needed in ${name}`, async (reporter) => {
    const repository = await open(session.registries);
    const digests = ordered.map(({ digest }) => digest);
    try {
      return { manifests: await pruneRepository(repository, place, digests, !apply, reporter) };
    } catch (error) {
      if (!(error instanceof CosaError) || error.code !== 'DELETE_UNSUPPORTED') throw error;
      return { tags: await removeTags(repository, ordered, name, error) };
    }
  });
}

/** For registries that remove no manifests but tags: what has none any more, their own collection removes. */
async function removeTags(
  repository: Repository,
  items: readonly ContainerItem[],
  name: string,
  cause: CosaError,
): Promise<number> {
  const tags = items.flatMap((item) => item.tags);
  try {
    for (const tag of tags) await repository.deleteTag(tag);
  } catch (error) {
    if (!(error instanceof CosaError) || error.code !== 'DELETE_UNSUPPORTED') throw error;
    throw new CosaError('DELETE_UNSUPPORTED', `${name}: the registry removes neither manifests nor tags`, {
      hint:
        "allow it in the registry's configuration (storage.delete.enabled of Docker's), or leave the place out of the " +
        'policy and have the registry keep what its own rules say',
      cause,
    });
  }
  return tags.length;
}
