import type { BufferPool } from '../lib/buffer-pool.ts';
import type { Digest } from '../lib/digest.ts';
import type { Annotations, Descriptor } from './types.ts';

/** Where blobs and manifests are read from: an OCI layout, an archive, a registry's repository. */
export interface ContentReader {
  /**
   * The blob's bytes. Size and digest are verified while they stream: the iteration throws instead of
   * ending if they do not match, so whoever consumed it to the end holds verified bytes.
   * @param buffers where buffers may be taken from, for a reader who gives them back; without it the pieces are the
   *   reader's, who may keep them or move them to a thread
   * @throws CosaError `BLOB_MISSING`, `BLOB_SIZE_MISMATCH`, `BLOB_DIGEST_MISMATCH` (exit 4)
   */
  readBlob(descriptor: Descriptor, signal?: AbortSignal, buffers?: BufferPool): AsyncIterable<Buffer>;
  /**
   * True if the blob is there. Its bytes are not read.
   * @param size with it, a file of another length counts as missing: it is a part of the blob, or something else. What
   *   a registry says that it has is believed.
   */
  hasBlob(digest: Digest, size?: number): Promise<boolean>;
  /** The descriptor that a tag points to, or `undefined`. */
  resolveTag(tag: string): Promise<Descriptor | undefined>;
  /** The descriptor of a stored manifest or index, tagged or not, or `undefined`. */
  resolveDigest(digest: Digest): Promise<Descriptor | undefined>;
  /** The names of all tags, sorted. */
  tagNames(): Promise<readonly string[]>;
  /**
   * Tags with what they point to, sorted by tag. A registry is asked once for each tag: prefer {@link tagNames}.
   * @param isWanted leaves out tags that nobody needs; all are listed unless given
   */
  listTags(isWanted?: (tag: string) => boolean): Promise<ReadonlyMap<string, Descriptor>>;
  /** Manifests whose `subject` is this digest, newest last. */
  referrers(subject: Digest, artifactType?: string): Promise<readonly Descriptor[]>;
  /** What a layout's index names that is neither a tag nor a referrer, and what cannot be read there. Nothing in a registry. */
  untagged(): Promise<readonly UntaggedEntry[]>;
}

export interface UntaggedEntry {
  /** `undefined` if it is none that we understand. */
  descriptor: Descriptor | undefined;
  /** Why it cannot be read; `undefined` if it can. */
  reason: string | undefined;
}

/** A blob that is to be stored: what it is, and where its bytes come from. */
export interface BlobSource {
  descriptor: Descriptor;
  /**
   * Yields all of its bytes, verified; called again if the transfer has to be begun anew.
   * @param buffers as for `ContentReader.readBlob`
   */
  open: (signal?: AbortSignal, buffers?: BufferPool) => AsyncIterable<Buffer>;
  /** A repository that has the blob: one of the same registry need not be sent the bytes. */
  mountSource?: { host: string; repository: string } | undefined;
}

export interface TransferOptions {
  signal?: AbortSignal | undefined;
  /** Told how many more bytes have gone; negative when some have to go again. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/** Where blobs and manifests are written to. */
export interface ContentWriter {
  /**
   * Stores a blob durably; nobody sees a part of it. Storing an existing blob again is fine, and costs its bytes.
   * @returns `mounted` if no byte had to move
   * @throws CosaError `BLOB_SIZE_MISMATCH`, `BLOB_DIGEST_MISMATCH` (exit 4), what `source.open` throws
   */
  putBlob(source: BlobSource, options?: TransferOptions): Promise<'written' | 'mounted'>;
  /** Stores a manifest or index (canonical JSON) and returns its descriptor, with `artifactType` and `annotations` as given. */
  putManifest(
    content: string,
    mediaType: string,
    extra?: { artifactType?: string; annotations?: Annotations },
  ): Promise<Descriptor>;
  /**
   * Points tags at a stored manifest, after everything it needs is there. In a layout this is one step for all tags;
   * given none, its index names the manifest without a tag. An archive appears when its store is disposed.
   * @param expected per tag, what it must point to now (`undefined`: not exist): otherwise `TAG_MOVED` (exit 4)
   */
  setTags(
    tags: readonly string[],
    manifest: Descriptor,
    expected?: ReadonlyMap<string, Digest | undefined>,
  ): Promise<void>;
}

export type ContentStore = ContentReader & ContentWriter;

/** A blob that is being written. Nobody sees it before `commit`. */
export interface BlobWriter {
  write(...chunks: readonly Uint8Array[]): Promise<void>;
  /** Finishes the blob durably and returns digest and size of what was written. Writing an existing blob again is fine. */
  commit(): Promise<{ digest: Digest; size: number }>;
  /** Throws away what was written. Does nothing after `commit`. */
  abort(): Promise<void>;
}

/** A store on this machine: a blob may be begun before its digest is known. */
export interface LocalStore extends ContentStore {
  createBlob(): Promise<BlobWriter>;
}
