import { CosaError } from '../../lib/errors.ts';
import type { ContentReader, ContentStore } from '../store.ts';

/** One end of a copy, as errors tell of it. */
export interface CopySide {
  doing: 'reading from' | 'writing to';
  /** The place, without tag: `docker://registry.test/os/example`. */
  where: string;
}

/** On which side an error has come up. The first one counts: what the source throws comes through the destination. */
const sides = new WeakMap<CosaError, CopySide>();

/** Remembers of whatever work throws on which side of a copy that was. Errors stay the same ones: others know them by that. */
export async function onSide<T>(side: CopySide, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw marked(side, error);
  }
}

/** A reader whose errors remember their side. */
export function readerOnSide(side: CopySide, reader: ContentReader): ContentReader {
  const { call, read } = methodsOf(side);
  return {
    readBlob: (...given) => read(reader.readBlob(...given)),
    hasBlob: call(reader.hasBlob),
    resolveTag: call(reader.resolveTag),
    resolveDigest: call(reader.resolveDigest),
    tagNames: call(reader.tagNames),
    listTags: call(reader.listTags),
    referrers: call(reader.referrers),
    untagged: call(reader.untagged),
  };
}

/** A store whose errors remember their side; the caller disposes what it was given. */
export function storeOnSide(side: CopySide, store: ContentStore): ContentStore {
  const { call } = methodsOf(side);
  return {
    ...readerOnSide(side, store),
    putBlob: call(store.putBlob),
    putManifest: call(store.putManifest),
    setTags: call(store.setTags),
  };
}

/**
 * Runs a copy; an error that came up on one side says on which, and keeps its code, hint and exit status.
 * @throws CosaError `reading from docker://…: …`, `writing to oci:…: …`, with the error itself as its cause
 */
export async function tellingSides<T>(copy: () => Promise<T>): Promise<T> {
  try {
    return await copy();
  } catch (error) {
    const side = error instanceof CosaError ? sides.get(error) : undefined;
    throw side === undefined ? error : told(side, error as CosaError);
  }
}

function told({ doing, where }: CopySide, error: CosaError): CosaError {
  // Many errors begin with the place already.
  const prefix = `${where}: `;
  const message = error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
  const { code, hint, where: position } = error;
  return new CosaError(code, `${doing} ${where}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(position === undefined ? {} : { where: position }),
    cause: error,
  });
}

function marked(side: CopySide, error: unknown): unknown {
  if (error instanceof CosaError && !sides.has(error)) sides.set(error, side);
  return error;
}

function methodsOf(side: CopySide) {
  return {
    call:
      <Arguments extends unknown[], Result>(method: (...given: Arguments) => Promise<Result>) =>
      (...given: Arguments): Promise<Result> =>
        onSide(side, () => method(...given)),
    async *read(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      try {
        yield* bytes;
      } catch (error) {
        throw marked(side, error);
      }
    },
  };
}
