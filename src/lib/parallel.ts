import { availableParallelism } from 'node:os';

/**
 * Runs an asynchronous function for each item, some at a time, and gives the results in the items' order. After a
 * failure no further item is begun, and those under way are waited for.
 * @param limit how many at a time: about as many as there are cores, unless the work is to wait for others
 */
export async function mapParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  limit: number = availableParallelism() + 1,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        results[index] = await work(items[index] as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  const rejected = outcomes.find((outcome) => outcome.status === 'rejected');
  if (rejected !== undefined) throw rejected.reason;
  return results;
}
