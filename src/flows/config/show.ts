import { type ConfigDocument, configDocument } from '../../config/document.ts';
import { readWholeConfig } from '../../config/whole.ts';
import { type ConfigRequest, findConfig } from '../../workspace/config-directory.ts';
import type { Session } from '../../workspace/session.ts';
import { requireDocument } from './document-problems.ts';

/**
 * The flattened config, of whatever package family. Layers and repositories that are not there, and a missing name, are warned of.
 * @throws CosaError what {@link findConfig} throws, and all other mistakes in the config as one error (exit 2)
 */
export async function showConfig(session: Session, request: ConfigRequest): Promise<ConfigDocument> {
  await using found = await findConfig(session, request);
  const whole = await readWholeConfig(found.config, found.options);
  requireDocument(session.events, whole);
  return configDocument(whole);
}
