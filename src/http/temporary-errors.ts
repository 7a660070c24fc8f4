import type { CosaError } from '../lib/errors.ts';

/** Errors that may pass, with what the server said about when to come back, in milliseconds. */
const temporary = new WeakMap<CosaError, number>();

/**
 * Says of an error that another attempt may succeed: the connection broke, the server is overloaded.
 * @param retryAfter the header `Retry-After`, seconds or a date (RFC 9110, section 10.2.3)
 * @param now milliseconds since the epoch, to make a duration of a date
 * @returns the same error
 */
export function markTemporary(error: CosaError, retryAfter?: string, now = Date.now()): CosaError {
  const text = retryAfter?.trim() ?? '';
  const delay = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  temporary.set(error, Number.isNaN(delay) ? 0 : Math.max(0, delay));
  return error;
}

/** True if another attempt may succeed. */
export function isTemporary(error: unknown): error is CosaError {
  return temporary.has(error as CosaError);
}

/** How long the server wants to be left alone, in milliseconds; 0 if it does not say. */
export function retryDelay(error: CosaError): number {
  return temporary.get(error) ?? 0;
}

/** For a failure that was tried again often enough: whoever gets it need not begin once more. */
export function markFinal(error: CosaError): CosaError {
  temporary.delete(error);
  return error;
}
