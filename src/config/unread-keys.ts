import { isDeepStrictEqual } from 'node:util';
import type { SourcePosition } from '../lib/errors.ts';
import type { KeyTable } from './key-table.ts';

/** A key that a config sets and nothing reads. */
export interface UnreadKey {
  key: string;
  /** Where it stands, in the strongest file that has it. */
  where: SourcePosition;
  /** The package family that reads it all the same. */
  butFor?: 'rpm' | 'deb' | undefined;
  /** Why it has no effect, as a clause. */
  reason: string;
  /** The known key that was perhaps meant. */
  nearest?: string | undefined;
}

/**
 * The keys of a config that have no effect, each once. A value that says what happens anyway is not among them.
 * @param files strongest first
 */
export function unreadKeys(
  table: KeyTable,
  files: readonly { values: Readonly<Record<string, unknown>>; keyPosition(name: string): SourcePosition }[],
): UnreadKey[] {
  return Object.entries(table).flatMap(([key, { unread }]) => {
    const source = files.find(({ values }) => Object.hasOwn(values, key));
    if (unread === undefined || source === undefined) return [];
    if (unread.unless?.some((value) => isDeepStrictEqual(value, source.values[key]))) return [];
    return [{ key, where: source.keyPosition(key), butFor: unread.butFor, reason: unread.because }];
  });
}
