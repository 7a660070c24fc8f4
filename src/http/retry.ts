import { setTimeout } from 'node:timers/promises';
import type { Exchange } from './exchange.ts';
import { isTemporary, markFinal, retryDelay } from './temporary-errors.ts';

/** Waits; throws the signal's reason as soon as it is aborted. */
export type Wait = (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;

/** Where those who try again get what they need. */
export interface RetryContext {
  wait: Wait;
  /** Told of each failure that is tried again. */
  warn: (message: string) => void;
}

/** Counts the attempts at something larger than one request: a transfer that is resumed. */
export interface Attempts {
  /**
   * Waits until the next attempt may begin.
   * @throws the failure itself if trying again cannot help or has been tried often enough
   */
  failed(failure: unknown): Promise<void>;
  /** Something has been achieved: the attempts count anew. */
  progressed(): void;
}

const mostAttempts = 5;
const firstDelay = 500;
const longestDelay = 60_000;

/** The usual {@link Wait}. */
export async function waitFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await setTimeout(milliseconds, undefined, { signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}

/**
 * Counts attempts, with a delay that doubles and varies, so that many who failed together do not come back together.
 * Tries again what is temporary ({@link isTemporary}), and nothing else.
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
      if (!isTemporary(failure)) throw failure;
      failures += 1;
      if (failures === mostAttempts) throw markFinal(failure);
      const delay = delayAfter(retryDelay(failure), failures);
      const seconds = `${(delay / 1000).toFixed(1)} s`;
      const message = failure.message.includes(what) ? failure.message : `${what}: ${failure.message}`;
      context.warn(`${message}; attempt ${failures + 1} of ${mostAttempts} in ${seconds}`);
      await context.wait(delay, signal);
    },
  };
}

/**
 * The layer that sends a request again after failures that pass. It lies above those that make errors of statuses and
 * follow redirects: another attempt gets another token, and another signed address of storage.
 * @param what is asked, for the log
 */
export function withRetry<Request extends { signal?: AbortSignal | undefined; retry?: boolean | undefined }, Response>(
  next: Exchange<Request, Response>,
  context: RetryContext,
  what: string,
): Exchange<Request, Response> {
  return async (request) => {
    const { signal, retry = true } = request;
    if (!retry) return next(request);
    const attempts = createAttempts(context, what, signal);
    for (;;) {
      try {
        return await next(request);
      } catch (error) {
        await attempts.failed(error);
      }
    }
  };
}

function delayAfter(retryAfter: number, failures: number): number {
  const backOff = firstDelay * 2 ** (failures - 1) * (0.75 + Math.random() / 2);
  return Math.round(Math.min(longestDelay, Math.max(backOff, retryAfter)));
}
