import { type ConfigDocument, configDocument } from '../../config/document.ts';
import { readWholeConfig } from '../../config/whole.ts';
import type { ErrorCode } from '../../lib/error-codes.ts';
import { formatPosition } from '../../lib/errors.ts';
import { type Problem, problemsError } from '../../lib/problems.ts';
import { type ConfigRequest, findConfig } from '../../workspace/config-directory.ts';
import type { Session } from '../../workspace/session.ts';

/** What a build would stop at, and what leaves the flattened config as it is. */
const notOfTheDocument: readonly ErrorCode[] = [
  'CONFIG_NAME',
  'CONFIG_OVERLAY_MISSING',
  'CONFIG_REPOSITORIES_MIXED',
  'CONFIG_REPOSITORY_AMBIGUOUS',
  'CONFIG_REPOSITORY_MISSING',
];

/**
 * The flattened config, of whatever package family. Layers and repositories that are not there, and a missing name, are warned of.
 * @throws CosaError what {@link findConfig} throws, and all other mistakes in the config as one error (exit 2)
 */
export async function showConfig(session: Session, request: ConfigRequest): Promise<ConfigDocument> {
  await using found = await findConfig(session, request);
  const whole = await readWholeConfig(found.config, found.options);
  const isSlight = ({ code }: Problem) => notOfTheDocument.includes(code);
  const [first, ...others] = whole.problems.filter((problem) => !isSlight(problem));
  if (first !== undefined) throw problemsError([first, ...others]);
  for (const { message, where, hint } of whole.problems.filter(isSlight)) {
    const position = where === undefined ? '' : `${formatPosition(where)}: `;
    session.events({ type: 'warning', message: `${position}${message}`, hint });
  }
  return configDocument(whole);
}
