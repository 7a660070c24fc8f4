import type { ErrorCode } from '../error-codes.ts';
import { CosaError } from '../errors.ts';

/** An error in a form that goes from one thread to another whole: a copy of an error keeps its message alone. */
export type CarriedError =
  | { kind: 'cosa'; code: ErrorCode; message: string; hint: string | undefined }
  | { kind: 'system'; code: string; message: string; errno: number; syscall: string; path: string | undefined };

/** What an expected error is sent as; `undefined` for one that nobody expects. */
export function carried(error: unknown): CarriedError | undefined {
  if (error instanceof CosaError) {
    const { code, message, hint } = error;
    return { kind: 'cosa', code, message, hint };
  }
  if (!(error instanceof Error)) return undefined;
  const { code, message, errno, syscall, path } = error as NodeJS.ErrnoException;
  if (code === undefined || errno === undefined || syscall === undefined) return undefined;
  return { kind: 'system', code, message, errno, syscall, path };
}

/** The error again, as it was thrown in the other thread. */
export function received(error: CarriedError): Error {
  const { kind, message, ...rest } = error;
  if (kind === 'system') return Object.assign(new Error(message), rest);
  const { code, hint } = error;
  return new CosaError(code, message, hint === undefined ? {} : { hint });
}
