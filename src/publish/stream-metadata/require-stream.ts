import { streamKey } from '../keys.ts';
import { parseMetadata } from '../metadata/document.ts';
import { mediaName } from '../metadata/media-name.ts';
import { mergeStream } from '../metadata/merge-stream.ts';
import { streamDocument } from '../metadata/stream.ts';
import { mostDocumentBytes, type ObjectStore } from '../object-store.ts';
import { readDocument } from '../update.ts';

/** What a stream is to have. */
export interface WantedRelease {
  stream: string;
  version: string;
  /** Of the operating system, as in the names of files. */
  product: string;
  architecture: string;
  platforms: readonly string[];
  allowDowngrade: boolean;
}

/**
 * Looks whether a stream could have a version, before anything of it is there.
 * @throws CosaError `STREAM_OTHER_PRODUCT`, `STREAM_OLDER`, `METADATA_INVALID`, `METADATA_NEWER` (exit 4), what the store throws
 */
export async function requireStreamOf(
  store: ObjectStore,
  { stream, version, product, architecture, platforms, allowDowngrade }: WantedRelease,
  signal: AbortSignal,
): Promise<void> {
  const key = streamKey(stream);
  const document = await readDocument(store, key, mostDocumentBytes, signal);
  if (document === undefined) return;
  const current = parseMetadata(streamDocument, document.text, `${store.url}/${key}`);
  const media = platforms.map((platform) => [mediaName(platform, '').platform, { artifacts: {} }] as const);
  const release = { release: version, stream, architectures: { [architecture]: { media: Object.fromEntries(media) } } };
  mergeStream(current, release, { product, allowDowngrade }, { generator: '', now: new Date(0) });
}
