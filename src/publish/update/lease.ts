import { randomBytes } from 'node:crypto';
import { waitFor } from '../../http/retry.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { CosaError } from '../../lib/errors.ts';
import type { ObjectHeaders, ObjectStore, StoredObject } from '../object-store.ts';

/** A claim that is older than the newest one by so much is of an owner who has died, in milliseconds. */
const leaseTime = 60_000;
/** So long its owner may work. What is left of the lease is for a write that was given up and takes place late. */
const workTime = 30_000;
/** How long is waited for others: longer than for one who has died, in milliseconds. */
const patience = 2 * leaseTime;

const claimHeaders: ObjectHeaders = { contentType: 'application/json', cacheControl: 'no-store' };

/**
 * Does something to a document while nobody else who asks does so, in a store that cannot write under a condition.
 *
 * Whoever wants the lease writes a claim, an object of its own below `locks/KEY/`, and then lists the claims. Whoever finds
 * none but its own has the lease; whoever finds others takes its own back, and tries again after a while. Of two, the one
 * who lists later sees the other's claim, so that never both have it. A claim whose owner has died is removed by the next
 * one, after a minute of the store's own clock: no machine's clock has to be right.
 *
 * This holds if a list shows what was written before it was asked for, as those of S3 and directories do, and if no
 * write takes place more than half a minute after we have given it up. An eventually consistent list, as a Swift cluster
 * of many servers may have under load, can show two writers nothing of each other; then the later write wins. It protects
 * from those alone who ask for the lease, too.
 * @param body must stop when its signal is aborted: half of the lease's time has passed, or the caller's signal is aborted
 * @throws CosaError `DOCUMENT_BUSY` (exit 1) if others have it for two minutes; what `body` and the store throw
 */
export async function withLease<Result>(
  store: ObjectStore,
  key: string,
  body: (signal: AbortSignal) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const begin = performance.now();
  const claim = `locks/${key}/${randomBytes(8).toString('hex')}`;
  for (let attempt = 1; ; attempt++) {
    const limit = AbortSignal.timeout(workTime);
    try {
      if (await isAlone(store, key, claim, signal)) {
        return await body(signal === undefined ? limit : AbortSignal.any([signal, limit]));
      }
    } catch (error) {
      if (limit.aborted && signal?.aborted !== true) throw busy(store, key, error);
      throw error;
    } finally {
      // Not by the caller's signal: others would wait for one who has gone. If it fails, they do so for a minute.
      await store.remove(claim).catch(() => undefined);
    }
    if (performance.now() - begin > patience) throw busy(store, key);
    await waitFor(backOff(attempt), signal);
  }
}

/** Writes a claim, and tells whether there is no other. */
async function isAlone(
  store: ObjectStore,
  key: string,
  claim: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const text = canonicalJson({ owner: claim.slice(claim.lastIndexOf('/') + 1), seconds: leaseTime / 1000 });
  await store.put(claim, Buffer.from(text), claimHeaders, { signal });
  const claims: StoredObject[] = [];
  for await (const object of store.list(`locks/${key}/`, signal)) claims.push(object);
  const own = claims.find((object) => object.key === claim);
  // Somebody takes us for dead.
  if (own === undefined) return false;
  let alone = true;
  for (const other of claims) {
    if (other === own) continue;
    if (own.modified.getTime() - other.modified.getTime() > leaseTime) await store.remove(other.key, signal);
    else alone = false;
  }
  return alone;
}

/** How long to wait before another attempt, in milliseconds: of many, each another time, and longer with each attempt. */
export function backOff(attempt: number): number {
  return Math.round(Math.random() * 25 * 2 ** Math.min(attempt, 6));
}

/** The error for a document that others keep changing. */
export function busy(store: ObjectStore, key: string, cause?: unknown): CosaError {
  return new CosaError('DOCUMENT_BUSY', `${store.url}/${key}: others keep changing it`, {
    hint: 'run the same command again when they are done',
    ...(cause === undefined ? {} : { cause }),
  });
}
