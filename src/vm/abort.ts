import { once } from 'node:events';

/** The promise's value, or a rejection with the signal's reason if that comes first. Leaves no listener behind. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const done = new AbortController();
  const aborted = once(signal, 'abort', { signal: done.signal }).then(
    () => signal.reason as unknown,
    // The promise was first: nobody looks at this one any more.
    () => undefined,
  );
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), aborted.then((reason) => ({ reason }))]);
    if ('value' in first) return first.value;
    throw first.reason;
  } finally {
    done.abort();
  }
}
