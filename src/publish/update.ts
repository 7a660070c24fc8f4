import { waitFor } from '../http/retry.ts';
import { faultText, parseJson } from '../lib/document.ts';
import { CosaError, formatPosition, verificationError } from '../lib/errors.ts';
import { mostDocumentBytes, type ObjectHeaders, type ObjectStore, type WriteCondition } from './object-store.ts';
import { backOff, busy, withLease } from './update/lease.ts';

/** What documents are served with: whoever asks gets a new one within a minute. */
const documentHeaders: ObjectHeaders = { contentType: 'application/json', cacheControl: 'max-age=60' };

/** With as many writers at once each has a turn: in every round somebody's write takes place. */
const mostAttempts = 40;

/** A document as it was read. */
export interface StoredDocument {
  text: string;
  /** Of these bytes, or of older ones: a write under the condition of it fails if they have been replaced since. */
  etag: string;
}

export interface UpdateResult {
  /** False if the document was already what it is to be. */
  changed: boolean;
  /** The document as it is now. */
  text: string | undefined;
}

/**
 * Gives the new document for the one that is there, which is JSON, or for none; the same text, or `undefined`, to leave it
 * alone. May be called several times, as often as others are faster: it does nothing but compute.
 */
export type DocumentChange = (current: string | undefined) => string | undefined | Promise<string | undefined>;

/**
 * Reads a small document.
 * @param limit bytes
 * @returns `undefined` if there is none
 * @throws CosaError `METADATA_INVALID` (exit 4) for one that is larger or no UTF-8; what the store throws
 */
export async function readDocument(
  store: ObjectStore,
  key: string,
  limit: number = mostDocumentBytes,
  signal?: AbortSignal,
): Promise<StoredDocument | undefined> {
  const object = await store.stat(key, signal);
  if (object === undefined) return undefined;
  const tooLarge = () => invalid(store, key, `it has more than ${limit} bytes`);
  if (object.size > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of store.read(key, { signal })) {
      size += chunk.length;
      if (size > limit) throw tooLarge();
      // The store may use its buffer again.
      chunks.push(Uint8Array.from(chunk));
    }
  } catch (error) {
    // Somebody has removed it since.
    if (error instanceof CosaError && error.code === 'OBJECT_MISSING') return undefined;
    throw error;
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)), etag: object.etag };
  } catch {
    throw invalid(store, key, 'it is not UTF-8');
  }
}

/**
 * Changes a JSON document, whoever else does so at the same time: no change of theirs is lost, and none of ours. Readers
 * see the old document or the new one. Where the store honours conditions, a write takes place only on what was read, and
 * else all is done anew; elsewhere under a lease, see {@link withLease} for what that is worth.
 * @throws CosaError `METADATA_INVALID` (exit 4) if what is there is not JSON: it is never overwritten; `DOCUMENT_BUSY`
 *   (exit 1) if others keep changing it; what `change` and the store throw
 */
export async function updateDocument(
  store: ObjectStore,
  key: string,
  change: DocumentChange,
  signal?: AbortSignal,
): Promise<UpdateResult> {
  if (!(await store.honoursConditions(signal))) {
    return withLease(
      store,
      key,
      async (limit) => changeOnce({ store, key, change, isConditional: false }, limit),
      signal,
    );
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await changeOnce({ store, key, change, isConditional: true }, signal);
    } catch (error) {
      if (!(error instanceof CosaError) || error.code !== 'OBJECT_CHANGED') throw error;
      if (attempt === mostAttempts) throw busy(store, key, error);
      await waitFor(backOff(attempt), signal);
    }
  }
}

interface Update {
  store: ObjectStore;
  key: string;
  change: DocumentChange;
  /** True if the write is to fail once somebody else has written. */
  isConditional: boolean;
}

async function changeOnce(
  { store, key, change, isConditional }: Update,
  signal: AbortSignal | undefined,
): Promise<UpdateResult> {
  const current = await readDocument(store, key, mostDocumentBytes, signal);
  if (current !== undefined) requireJson(store, key, current.text);
  const text = await change(current?.text);
  if (text === undefined || text === current?.text) return { changed: false, text: current?.text };
  const condition: WriteCondition = current === undefined ? { absent: true } : { etag: current.etag };
  await store.put(key, Buffer.from(text), documentHeaders, {
    signal,
    ...(isConditional ? { condition } : {}),
  });
  return { changed: true, text };
}

function requireJson(store: ObjectStore, key: string, text: string): void {
  parseJson(text, (fault) =>
    invalid(store, key, faultText(fault, 'it '), fault.position && formatPosition({ file: '', ...fault.position })),
  );
}

function invalid(store: ObjectStore, key: string, reason: string, position = ''): CosaError {
  return verificationError('METADATA_INVALID', `${store.url}/${key}${position}: ${reason}`, {
    hint: 'it is left as it is: look at what wrote it, and put a good one in its place, or remove it',
  });
}
