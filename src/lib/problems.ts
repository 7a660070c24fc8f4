import type { CodeOf } from './error-codes.ts';
import { type CosaError, formatPosition, type SourcePosition, usageError } from './errors.ts';

/** One of several mistakes that were found together. */
export interface Problem {
  code: CodeOf<'usage'>;
  message: string;
  where: SourcePosition | undefined;
  hint: string | undefined;
}

/**
 * One error for several mistakes (exit 2): it has code, position and hint of the one that stands first; its message
 * lists the others, each with its own.
 */
export function problemsError(problems: readonly [Problem, ...Problem[]]): CosaError {
  const [first = problems[0], ...others] = [...problems].sort(byPosition);
  return usageError(first.code, [first.message, ...others.map(secondaryLine)].join('\n'), {
    ...(first.where === undefined ? {} : { where: first.where }),
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
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
