import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createCleanup } from '../../../lib/cleanup.ts';
import { usageError } from '../../../lib/errors.ts';
import { sortByBytes } from '../../../lib/order.ts';
import { type FileSources, mostMetadataBytes, openFileSources } from '../../../publish/download/file-sources.ts';
import { streamKey } from '../../../publish/keys.ts';
import { parseMetadata } from '../../../publish/metadata/document.ts';
import { addressOf } from '../../../publish/metadata/merge-release.ts';
import { type Stream, streamDocument } from '../../../publish/metadata/stream.ts';
import type { ObjectStore } from '../../../publish/object-store.ts';
import type { StoreOptions } from '../../../publish/store-environment.ts';
import { openObjectStore } from '../../../publish/stores.ts';
import type { Session } from '../../../workspace/session.ts';

/** Where a stream is read from. */
export interface StreamSource {
  /** Where the command runs: relative paths start there. */
  directory: string;
  /** The address or path of a stream's JSON document, or of the place that holds it. */
  source: string;
  /** Which stream of a place; the only one unless given. */
  stream?: string | undefined;
  options: StoreOptions;
}

export interface OpenedStream extends AsyncDisposable {
  document: Stream;
  /** Where the document lies. */
  address: string;
  /** Reads what the document names. */
  sources: FileSources;
}

/**
 * Reads the metadata of a stream: a document by its address or path, which ends with `.json`; else that of a stream in an
 * object store, or below the public address of one.
 * @throws CosaError `STREAM_MISSING`, `STREAM_AMBIGUOUS` (exit 2), `METADATA_INVALID`, `METADATA_NEWER` (exit 4), what servers and
 *   stores throw
 */
export async function openStream(session: Session, source: StreamSource): Promise<OpenedStream> {
  const { stores, signal } = session;
  const text = addressed(source);
  const cleanup = createCleanup();
  try {
    const isDocument = text.endsWith('.json');
    const isWeb = /^https?:/i.test(text);
    let store: ObjectStore | undefined;
    let address: string;
    if (isDocument || isWeb) {
      address = isDocument ? text : `${text.replace(/\/+$/, '')}/${streamKey(requireStreamName(source))}`;
    } else {
      store = await openObjectStore(text, source.options, session);
      cleanup.defer(() => store?.[Symbol.asyncDispose]());
      address = addressOf(store, streamKey(source.stream ?? (await onlyStream(store, signal))));
    }
    // Only what lies on this machine may name files of it.
    const sources = openFileSources(stores, address.startsWith('file:'), store);
    cleanup.defer(() => sources[Symbol.asyncDispose]());
    const document = parseMetadata(streamDocument, await read(sources, address, signal), address);
    return { document, address, sources, [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose]() };
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

async function read(sources: FileSources, address: string, signal: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await sources.read(address, mostMetadataBytes, signal));
}

/** A path becomes the address of the file. */
function addressed({ directory, source }: StreamSource): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(source) ? source : pathToFileURL(resolve(directory, source)).href;
}

function requireStreamName({ source, stream }: StreamSource): string {
  if (stream !== undefined) return stream;
  throw usageError('STREAM_AMBIGUOUS', `${source} is no JSON document, and no stream is named`, {
    hint: 'name the stream with --stream, or give the address of its document: https://HOST/PATH/streams/STREAM.json',
  });
}

async function onlyStream(store: ObjectStore, signal: AbortSignal): Promise<string> {
  const names: string[] = [];
  for await (const { key } of store.list('streams/', signal)) {
    const name = /^streams\/([^/]+)\.json$/.exec(key)?.[1];
    if (name !== undefined) names.push(name);
  }
  const [first, ...others] = sortByBytes(names);
  if (first === undefined) {
    throw usageError('STREAM_MISSING', `${store.url} has the metadata of no stream`, {
      hint: 'write it with "cosa stream update", once something is published',
    });
  }
  if (others.length === 0) return first;
  throw usageError('STREAM_AMBIGUOUS', `${store.url} has several streams: ${[first, ...others].join(', ')}`, {
    hint: 'name one of them with --stream',
  });
}
