import { timeoutFailure } from './network-errors.ts';

/** The least that a server has to send while we wait, in bytes a second: else it could keep us for ever. */
const leastBytesPerSecond = 1024;

/**
 * Passes a body through, as long as it keeps coming. What counts is the time for which the reader waits: one that takes
 * its time does the server no wrong.
 * @param idle how long nothing, or next to nothing, may come, in milliseconds
 * @param stop called when it takes too long: must make the source fail
 * @throws what the source throws; a failure that `networkError` explains as silence
 */
export async function* steady(
  source: AsyncIterable<Buffer>,
  idle: number,
  stop: (reason: Error) => void,
  now: () => number = () => performance.now(),
): AsyncGenerator<Buffer, void, undefined> {
  const chunks = source[Symbol.asyncIterator]();
  const least = (leastBytesPerSecond * idle) / 1000;
  let waited = 0;
  let bytes = 0;
  let ended = false;
  try {
    for (;;) {
      const begin = now();
      const timer = setTimeout(() => stop(timeoutFailure('nothing came')), idle);
      const { done, value } = await chunks.next().finally(() => clearTimeout(timer));
      if (done === true) {
        ended = true;
        return;
      }
      waited += now() - begin;
      bytes += value.length;
      if (waited >= idle) {
        if (bytes < least) throw timeoutFailure('next to nothing came');
        waited = bytes = 0;
      }
      yield value;
    }
  } finally {
    if (!ended) await chunks.return?.();
  }
}
