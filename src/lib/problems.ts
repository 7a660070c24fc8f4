import type { ErrorCode } from './error-codes.ts';
import { CosaError, formatPosition, type SourcePosition } from './errors.ts';

/** One of several mistakes that were found together. */
export interface Problem {
  code: ErrorCode;
  message: string;
  where: SourcePosition | undefined;
  hint: string | undefined;
}

const parts = new WeakMap<CosaError, readonly Problem[]>();

/** The mistakes that an error stands for, each with its own position and hint, in the order in which they were met. */
export function problemsOf(error: CosaError): readonly Problem[] {
  const { code, message, where, hint } = error;
  return parts.get(error) ?? [{ code, message, where, hint }];
}

/**
 * One error for several mistakes (exit 2): it has code, position and hint of the one that stands first; its message
 * lists the others, each with its own.
 */
export function problemsError(problems: readonly [Problem, ...Problem[]]): CosaError {
  const [first = problems[0], ...others] = [...problems].sort(byPosition);
  const error = new CosaError(first.code, [first.message, ...others.map(secondaryLine)].join('\n'), {
    ...(first.where === undefined ? {} : { where: first.where }),
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
  parts.set(error, [first, ...others]);
  return error;
}

/** Files in the order in which they were met, places in them from the top. */
function byPosition(a: Problem, b: Problem): number {
  if (a.where?.file !== b.where?.file) return 0;
  return (a.where?.line ?? 0) - (b.where?.line ?? 0) || (a.where?.column ?? 0) - (b.where?.column ?? 0);
}

function secondaryLine({ where, message, hint }: Problem): string {
  const position = where === undefined ? '' : `${formatPosition(where)}: `;
  return `${position}${message}${hint === undefined ? '' : ` (${hint})`}`;
}
