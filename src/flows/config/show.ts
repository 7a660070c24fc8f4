import { type ConfigDocument, configDocument } from '../../config/document.ts';
import { readWholeConfig } from '../../config/whole.ts';
import type { ErrorCode } from '../../lib/error-codes.ts';
import { formatPosition } from '../../lib/errors.ts';
import { type Problem, problemsError } from '../../lib/problems.ts';
import type { EventSink } from '../../progress/events.ts';
import { type ConfigRequest, findConfig } from '../../workspace/config-directory.ts';

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
export async function showConfig(events: EventSink, request: ConfigRequest): Promise<ConfigDocument> {
  const { config, options } = await findConfig(request);
  const whole = await readWholeConfig(config, options);
  const isSlight = ({ code }: Problem) => notOfTheDocument.includes(code);
  const [first, ...others] = whole.problems.filter((problem) => !isSlight(problem));
  if (first !== undefined) throw problemsError([first, ...others]);
  for (const { message, where, hint } of whole.problems.filter(isSlight)) {
    const position = where === undefined ? '' : `${formatPosition(where)}: `;
    events({ type: 'warning', message: `${position}${message}`, hint });
  }
  return configDocument(whole);
}
