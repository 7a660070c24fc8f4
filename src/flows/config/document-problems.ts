import type { WholeConfig } from '../../config/whole.ts';
import type { ErrorCode } from '../../lib/error-codes.ts';
import { formatPosition } from '../../lib/errors.ts';
import { type Problem, problemsError } from '../../lib/problems.ts';
import type { EventSink } from '../../progress/events.ts';

/** What a build would stop at, and what leaves the flattened config as it is. */
const notOfTheDocument: readonly ErrorCode[] = [
  'CONFIG_ACCOUNTS',
  'CONFIG_NAME',
  'CONFIG_OVERLAY_MISSING',
  'CONFIG_REPOSITORIES_MIXED',
  'CONFIG_REPOSITORY_AMBIGUOUS',
  'CONFIG_REPOSITORY_MISSING',
];

/**
 * Warns of what a build would stop at and leaves the flattened config as it is: layers, repositories or a name that are not there,
 * accounts that come from a file in part.
 * @throws CosaError all other mistakes in the config, as one (exit 2)
 */
export function requireDocument(events: EventSink, { problems }: Pick<WholeConfig, 'problems'>): void {
  const isSlight = ({ code }: Problem) => notOfTheDocument.includes(code);
  const [first, ...others] = problems.filter((problem) => !isSlight(problem));
  if (first !== undefined) throw problemsError([first, ...others]);
  for (const { message, where, hint } of problems.filter(isSlight)) {
    const position = where === undefined ? '' : `${formatPosition(where)}: `;
    events({ type: 'warning', message: `${position}${message}`, hint });
  }
}
