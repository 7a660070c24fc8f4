/** An object as a store tells of it. */
export interface StoredObject {
  /** Below the store's prefix: `streams/stable.json`. */
  key: string;
  /** Bytes. */
  size: number;
  /** Opaque; changes with the content. */
  etag: string;
  modified: Date;
  /** Of the content, in hexadecimal digits, where the store or what we wrote beside the object tells it: a claim. */
  sha256?: string;
}

/** What is told to whoever downloads an object; a store that serves nothing by itself keeps none of it. */
export interface ObjectHeaders {
  /** https://www.rfc-editor.org/rfc/rfc9110#section-8.3 */
  contentType: string;
  /** https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2 */
  cacheControl: string;
}

/** What must hold for a write to take place: nothing is there, or the object still has this etag. */
export type WriteCondition = { absent: true } | { etag: string };

export interface ReadOptions {
  /** The first byte; 0 unless given. */
  start?: number | undefined;
  /** Behind the last byte; the object's end unless given. */
  end?: number | undefined;
  signal?: AbortSignal | undefined;
}

interface PutOptions {
  condition?: WriteCondition | undefined;
  signal?: AbortSignal | undefined;
}

/** A content that is to be stored, read piece by piece. */
export interface UploadSource {
  /** Bytes. */
  size: number;
  /** In hexadecimal digits. What is read must have it, or nothing is stored. */
  sha256: string;
  /**
   * The bytes from `start` to before `end`; may be called again, and for several ranges at once.
   * @throws what its reader throws, and the upload with it
   */
  open(start: number, end: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface UploadOptions {
  /** Told how many more bytes are there; negative when some have to go again. */
  report?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * A place for published files: keys below a prefix, each with bytes. Keys are file names joined by `/`
 * (`checkKey`), so that every store can hold them. All methods stop with the signal's reason when theirs is aborted.
 *
 * Each may throw what its store does: `STORE_…` codes (exit 1, or 4 where an answer cannot be true), of which no message
 * holds a secret.
 */
export interface ObjectStore extends AsyncDisposable {
  /** For messages: `s3://bucket/prefix`, `file:///dir`. Never a secret. */
  readonly url: string;
  /** The address under which people find the objects, without a final slash: `KEY` is at `baseUrl/KEY`. */
  readonly baseUrl: string;
  /** The directory that it is, absolute, where it is one: there links can be made beside objects. */
  readonly directory?: string;
  /**
   * True if `put` honours conditions in one step with the write; else whoever updates takes a lease first. A server that is
   * not known is tried once.
   */
  honoursConditions(signal?: AbortSignal): Promise<boolean>;
  /** What is known of an object, or `undefined` if there is none. */
  stat(key: string, signal?: AbortSignal): Promise<StoredObject | undefined>;
  /**
   * The objects whose keys begin with a prefix, in the byte order of their keys. Things that nobody could have stored by
   * a key are left out. `sha256` is never told.
   */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredObject>;
  /**
   * The bytes of an object, or a range of them. Not verified: the caller hashes.
   * @throws CosaError `OBJECT_MISSING` (exit 4)
   */
  read(key: string, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /**
   * Writes a small document (at most {@link mostDocumentBytes}). Atomic: readers see the old one or the new one.
   * @returns the new etag
   * @throws CosaError `OBJECT_CHANGED` (exit 4) if the condition does not hold: nothing was written then
   */
  put(key: string, bytes: Uint8Array, headers: ObjectHeaders, options?: PutOptions): Promise<string>;
  /**
   * Writes an object of any size. Its bytes are read once, in order, and verified in that pass; nobody sees anything of it
   * before all of it is there. One that is there with the same checksum stays as it is, and what an attempt that broke off
   * has brought is not sent again.
   * @throws CosaError `UPLOAD_SOURCE_CHANGED` (exit 4) if the source has another size or checksum than it says
   */
  upload(key: string, source: UploadSource, headers: ObjectHeaders, options?: UploadOptions): Promise<StoredObject>;
  /** Removes an object; no error if it is not there. */
  remove(key: string, signal?: AbortSignal): Promise<void>;
}

/** Of what `put` takes. */
export const mostDocumentBytes = 16 * 1024 * 1024;
