import { isStreamName } from '../contract/tags.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { usageError } from '../lib/errors.ts';
import type { LoadedTreefile } from './treefile.ts';

/**
 * The stream that a config is built for, or `undefined` if it names none.
 * @throws CosaError `CONFIG_STREAM` (exit 2)
 */
export function streamName({ variables, positionOf }: LoadedTreefile): string | undefined {
  const value = variables.get('stream');
  if (value === undefined || isStreamName(String(value))) return value === undefined ? undefined : String(value);
  throw usageError('CONFIG_STREAM', `"${value}" cannot be a stream's name: it becomes a tag`, {
    where: positionOf('variables', 'stream'),
    hint: 'use letters, digits, dots, dashes and underscores',
  });
}

/**
 * The system's short name: `metadata.name`, which NAME of build arguments gives too, or `rojig.name` where that is missing.
 * @throws CosaError `CONFIG_NAME` (exit 2)
 */
export function systemName({ treefile, positionOf }: LoadedTreefile): string {
  const key = treefile.metadata.name === undefined ? 'rojig' : 'metadata';
  const named = treefile[key]?.name;
  if (named === undefined) {
    throw usageError('CONFIG_NAME', 'the system has no name', {
      where: positionOf('metadata'),
      hint: 'add "metadata: {name: my-os}": it stands in file names and labels',
    });
  }
  const name = typeof named === 'string' ? named : canonicalJson(named);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw usageError('CONFIG_NAME', `"${name}" cannot be a system's name: it stands in file names`, {
      where: positionOf(key, 'name'),
      hint: 'use letters, digits, dots, dashes and underscores',
    });
  }
  return name;
}
