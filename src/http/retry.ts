import { setTimeout } from 'node:timers/promises';
import { CosaError } from '../lib/errors.ts';
import type { Attempts } from '../oci/registry/client.ts';

/** Waits; throws the signal's reason as soon as it is aborted. */
export type Wait = (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;

/** Where those who try again get what they need. */
export interface RetryContext {
  wait: Wait;
  warn: (message: string) => void;
}

const mostAttempts = 5;
const firstDelay = 500;
const longestDelay = 60_000;

const passing: readonly string[] = [
  'REGISTRY_INTERRUPTED',
  'REGISTRY_TIMEOUT',
  'REGISTRY_RATE_LIMIT',
  'REGISTRY_UNAVAILABLE',
];

/** What the server said about when to come back, in milliseconds: for the loop alone, people are shown the error. */
const retryAfter = new WeakMap<CosaError, number>();
/** Failures that have been tried again often enough: whoever gets them need not begin once more. */
const exhausted = new WeakSet<CosaError>();

/** The usual {@link Wait}. */
export async function waitFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await setTimeout(milliseconds, undefined, { signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}

/**
 * Keeps what a server's `Retry-After` says, seconds or a date (RFC 9110, section 10.2.3), with the error.
 * @param now milliseconds since the epoch, to make a duration of a date
 */
export function rememberRetryAfter(error: CosaError, header: string | undefined, now: number): CosaError {
  const text = header?.trim() ?? '';
  const delay = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (!Number.isNaN(delay)) retryAfter.set(error, Math.max(0, delay));
  return error;
}

/**
 * Counts attempts, with a delay that doubles and varies, so that many who failed together do not come back together.
 * @param what that is tried, for the log: `blob sha256:…`
 */
export function createAttempts(context: RetryContext, what: string, signal: AbortSignal | undefined): Attempts {
  let failures = 0;
  return {
    progressed: () => {
      failures = 0;
    },
    async failed(failure) {
      signal?.throwIfAborted();
      if (!(failure instanceof CosaError) || !passing.includes(failure.code) || exhausted.has(failure)) throw failure;
      failures += 1;
      if (failures === mostAttempts) {
        exhausted.add(failure);
        throw failure;
      }
      const delay = delayAfter(failure, failures);
      const seconds = `${(delay / 1000).toFixed(1)} s`;
      const message = failure.message.includes(what) ? failure.message : `${what}: ${failure.message}`;
      context.warn(`${message}; attempt ${failures + 1} of ${mostAttempts} in ${seconds}`);
      await context.wait(delay, signal);
    },
  };
}

function delayAfter(failure: CosaError, failures: number): number {
  const backOff = firstDelay * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
  return Math.round(Math.min(longestDelay, Math.max(backOff, retryAfter.get(failure) ?? 0)));
}
