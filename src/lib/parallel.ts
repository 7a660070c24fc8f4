import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';

/**
 * Runs an asynchronous function for each item, some at a time, and gives the results in the items' order. After a
 * failure no further item is begun; those under way are told by their signal, and waited for.
 * @param work its signal is aborted when an item fails or the caller's signal is
 * @param limit how many at a time: about as many as there are cores, unless the work is to wait for others
 * @param signal the caller's: once aborted, the run fails with its reason
 * @throws what the first item that failed throws: what the others say then is only that they were stopped
 */
export async function mapParallel<T, R>(
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<R>,
  limit: number = availableParallelism() + 1,
  signal?: AbortSignal,
): Promise<R[]> {
  const results: R[] = [];
  const stop = new AbortController();
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  // Every request and stream under way listens.
  setMaxListeners(0, stopped);
  let next = 0;
  let failure: { error: unknown } | undefined;
  const worker = async () => {
    while (next < items.length && failure === undefined) {
      const index = next++;
      try {
        stopped.throwIfAborted();
        results[index] = await work(items[index] as T, stopped);
      } catch (error) {
        failure ??= { error };
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failure !== undefined) throw failure.error;
  return results;
}
