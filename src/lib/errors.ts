import { type CodeOf, type ErrorCode, errorCodes } from './error-codes.ts';
import { type ExitStatus, exitStatus } from './exit-status.ts';

/** Where in an input an error stands. Line and column count from 1. */
export interface SourcePosition {
  file: string;
  line?: number;
  column?: number;
}

interface CosaErrorOptions {
  /** What the reader can do about it: one imperative sentence or a command. */
  hint?: string;
  /** The place in an input file that is at fault. */
  where?: SourcePosition;
  cause?: unknown;
}

/**
 * The one error type that is meant for people. `code` is one of {@link errorCodes}, and may be
 * matched on; `message` says what and where; `hint` says what to do.
 */
export class CosaError extends Error {
  readonly code: ErrorCode;
  /** Of the process, if nobody handles the error: the code's. */
  readonly exitStatus: ExitStatus;
  readonly hint: string | undefined;
  readonly where: SourcePosition | undefined;

  constructor(code: ErrorCode, message: string, options: CosaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CosaError';
    this.code = code;
    this.exitStatus = exitStatus[errorCodes[code][0]];
    this.hint = options.hint;
    this.where = options.where;
  }
}

/** The command line or a configuration file is wrong (exit 2). */
export function usageError(code: CodeOf<'usage'>, message: string, options: CosaErrorOptions = {}): CosaError {
  return new CosaError(code, message, options);
}

/** Something read does not match its digest, signature or format, or a gate is closed (exit 4). */
export function verificationError(
  code: CodeOf<'verification'>,
  message: string,
  options: CosaErrorOptions = {},
): CosaError {
  return new CosaError(code, message, options);
}

/** `file:line:column`, with what is known. */
export function formatPosition(where: SourcePosition): string {
  return [where.file, where.line, where.line === undefined ? undefined : where.column]
    .filter((part) => part !== undefined)
    .join(':');
}

/** True for a Node system error with this code, such as `ENOENT`. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
