import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn } from '../../lib/files.ts';
import { ifExists } from '../../lib/if-exists.ts';
import type { Image } from '../../oci/image.ts';
import { type SiteDocument, siteDocuments } from '../../publish/site/site.ts';
import type { Session } from '../../workspace/session.ts';
import { gatherSite } from './gather.ts';
import type { KnownPackages, PackageLists } from './package-lists.ts';
import type { SiteSource } from './source.ts';

type Documents = ReadonlyMap<string, SiteDocument>;

/** A site as it is just now. */
export interface LiveSite {
  /** Its files; those of before where they cannot be read anew. */
  documents(): Promise<Documents>;
  /** Ends what is read behind the scenes. */
  close(): Promise<void>;
}

/** Milliseconds for which nobody looks again: a page and what belongs to it are asked for at once. */
const leastAge = 1000;
/** Milliseconds after which what cannot be watched is asked again, by who looks at a page then. */
const mostAge = 30_000;
/** Lists of packages that are read before pages show them: making all pages anew takes longer than one. */
const listsAtOnce = 20;

const unread: KnownPackages = { reason: 'its list of packages is being read' };

/**
 * A site that follows what it is made of. Files are watched by their times, when somebody asks for a page; registries and object
 * stores are asked again after a while, and nobody waits for them. Nobody waits for lists of packages either: they are read
 * one by one, the newest builds' first.
 * @throws CosaError what `gatherSite` throws, the first time; later that is a warning
 */
export async function openLiveSite(session: Session, source: SiteSource, lists: PackageLists): Promise<LiveSite> {
  const { signal, events } = session;
  const closed = new AbortController();
  const stopped = AbortSignal.any([signal, closed.signal]);
  let missing = new Map<string, Image>();
  let reading: Promise<void> | undefined;
  let listsRead = 0;
  let looked = performance.now();
  let gathering: Promise<Documents> | undefined;
  let stamp = '';
  let current = await gather();

  async function findPackages(image: Image): Promise<KnownPackages> {
    const known = await lists.recall(image.descriptor.digest);
    if (known === undefined) missing.set(image.descriptor.digest, image);
    return known ?? unread;
  }

  async function gather(): Promise<Documents> {
    // Taken before: what changes meanwhile is seen the next time.
    stamp = await stampNow();
    missing = new Map();
    const model = await gatherSite(source, findPackages, { signal: stopped, status: () => undefined });
    looked = performance.now();
    reading ??= readMissing().finally(() => {
      reading = undefined;
    });
    return siteDocuments(model);
  }

  async function readMissing(): Promise<void> {
    for (let read = 1; ; read++) {
      const [next] = missing.values();
      if (next === undefined || stopped.aborted) break;
      missing.delete(next.descriptor.digest);
      try {
        await lists.get(source.reader, next);
      } catch (error) {
        warn(error);
        break;
      }
      if (read % listsAtOnce === 0) listsRead++;
    }
    listsRead++;
  }

  function warn(error: unknown): void {
    if (stopped.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    events({ type: 'warning', message: `what the site shows cannot be read anew: ${message}`, hint: undefined });
  }

  async function stampNow(): Promise<string> {
    const paths = source.place.layout === undefined ? [] : [join(source.place.layout, 'index.json')];
    const { images } = source;
    if (images !== undefined) paths.push(images, ...(await namesIn(images)).map((name) => join(images, name)));
    const stats = await Promise.all(paths.map((path) => ifExists(stat(path))));
    return [listsRead, ...stats.map((found) => `${found?.mtimeMs} ${found?.ino} ${found?.size}`)].join('\n');
  }

  /** One at a time, for all who ask. */
  function refresh(): Promise<Documents> {
    gathering ??= gather()
      .then((documents) => {
        current = documents;
        return documents;
      })
      .catch((error: unknown) => {
        warn(error);
        return current;
      })
      .finally(() => {
        gathering = undefined;
      });
    return gathering;
  }

  const isWatched = source.place.layout !== undefined && source.store === undefined;

  return {
    async documents() {
      const age = performance.now() - looked;
      if (age < leastAge) return current;
      if ((await stampNow()) !== stamp) return refresh();
      if (!isWatched && age > mostAge) void refresh();
      else if (isWatched) looked = performance.now();
      return current;
    },
    async close() {
      closed.abort();
      await reading;
      await gathering;
    },
  };
}
