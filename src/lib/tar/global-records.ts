import { verificationError } from '../errors.ts';
import type { Xattr } from '../xattr.ts';
import { type PaxRecords, sparse, xattrsOf } from './pax.ts';

/** Those who write any write one or two: a comment, a date. */
const maximumKeys = 64;

/** What global pax headers have said so far, for every entry behind them. Asking it costs the same however much that is. */
export interface GlobalRecords {
  /**
   * Adds a header's records; of two with one key, the later counts.
   * @param offset where the header stands in the stream: for messages
   * @throws CosaError `TAR_PAX_INVALID` for too many keys, `TAR_ENTRY_TOO_LARGE` (exit 4)
   */
  add(records: PaxRecords, offset: number): void;
  get(key: string): Buffer | undefined;
  /** The extended attributes among them: the same array for every entry. */
  readonly xattrs: readonly Xattr[];
}

/** @param maximumBytes of all keys and values together */
export function globalRecords(maximumBytes: number): GlobalRecords {
  const all: PaxRecords = new Map();
  let xattrs: readonly Xattr[] = [];
  let size = 0;
  return {
    add(records, offset) {
      for (const [key, value] of records) {
        const before = all.get(key);
        size += value.length + (before === undefined ? key.length : -before.length);
        all.set(key, value);
        if (key.startsWith('GNU.sparse.') && value.length > 0) throw sparse(offset);
        // Counted with each record: a single header may hold a hundred thousand.
        if (all.size > maximumKeys) {
          throw verificationError(
            'TAR_PAX_INVALID',
            `tar: the global pax headers up to offset ${offset} have more than ${maximumKeys} keys`,
          );
        }
        if (size > maximumBytes) {
          throw verificationError(
            'TAR_ENTRY_TOO_LARGE',
            `tar: the global pax headers up to offset ${offset} are larger than ${maximumBytes} bytes`,
          );
        }
      }
      xattrs = xattrsOf(all);
    },
    get: (key) => all.get(key),
    get xattrs() {
      return xattrs;
    },
  };
}
