import type { Digest } from '../lib/digest.ts';
import type { Annotations, Descriptor } from './types.ts';

/** Where blobs and manifests are read from: an OCI layout, an archive, a registry. */
export interface ContentReader {
  /**
   * The blob's bytes. Size and digest are verified while they stream: the iteration throws instead of
   * ending if they do not match, so whoever consumed it to the end holds verified bytes.
   * @throws CosaError `BLOB_MISSING`, `BLOB_SIZE_MISMATCH`, `BLOB_DIGEST_MISMATCH` (exit 4)
   */
  readBlob(descriptor: Descriptor, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** True if the blob is there. Its bytes are not read. */
  hasBlob(digest: Digest): Promise<boolean>;
  /** The descriptor that a tag points to, or `undefined`. */
  resolveTag(tag: string): Promise<Descriptor | undefined>;
  /** The descriptor of a stored manifest or index, tagged or not, or `undefined`. */
  resolveDigest(digest: Digest): Promise<Descriptor | undefined>;
  /** All tags with what they point to, sorted by tag. */
  listTags(): Promise<ReadonlyMap<string, Descriptor>>;
  /** Manifests whose `subject` is this digest, newest last. */
  referrers(subject: Digest, artifactType?: string): Promise<readonly Descriptor[]>;
}

/** A blob that is being written. Nobody sees it before `commit`. */
export interface BlobWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** Finishes the blob durably and returns digest and size of what was written. Writing an existing blob again is fine. */
  commit(): Promise<{ digest: Digest; size: number }>;
  /** Throws away what was written. Does nothing after `commit`. */
  abort(): Promise<void>;
}

/** Where blobs and manifests are written to. */
export interface ContentWriter {
  createBlob(): Promise<BlobWriter>;
  /** Stores a manifest or index (canonical JSON) and returns its descriptor, with `artifactType` and `annotations` as given. */
  putManifest(
    content: string,
    mediaType: string,
    extra?: { artifactType?: string; annotations?: Annotations },
  ): Promise<Descriptor>;
  /**
   * Points tags at a manifest, all in one step, after everything it needs is there.
   * @param expected per tag, what it must point to now (`undefined`: not exist): otherwise `TAG_MOVED` (exit 4)
   */
  setTags(
    tags: readonly string[],
    manifest: Descriptor,
    expected?: ReadonlyMap<string, Digest | undefined>,
  ): Promise<void>;
}

export type ContentStore = ContentReader & ContentWriter;
