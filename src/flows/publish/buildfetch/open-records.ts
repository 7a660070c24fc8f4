import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createCleanup } from '../../../lib/cleanup.ts';
import { CosaError, usageError } from '../../../lib/errors.ts';
import { type FileSources, openFileSources } from '../../../publish/download/file-sources.ts';
import { type BuildsList, parseBuildsList } from '../../../publish/legacy/builds-list.ts';
import { buildsDirectory, buildsListName } from '../../../publish/legacy/paths.ts';
import { mostRecordBytes } from '../../../publish/legacy/records.ts';
import type { ObjectStore } from '../../../publish/object-store.ts';
import type { StoreOptions } from '../../../publish/store-environment.ts';
import { openObjectStore } from '../../../publish/stores.ts';
import type { Session } from '../../../workspace/session.ts';

/** Records of builds, wherever they lie. */
export interface OpenedRecords extends AsyncDisposable {
  /** The address of `builds/`, without a final slash. */
  address: string;
  list: BuildsList;
  sources: FileSources;
}

/** Where records are looked for. */
export interface RecordsPlace {
  /** A relative path starts there. */
  directory: string;
  /** A path or an address: of `builds/`, or of what it lies in. */
  url: string;
  store: StoreOptions;
}

/**
 * Opens the records of builds that coreos-assembler or `cosa export legacy` has left.
 * @throws CosaError `LEGACY_RECORD_MISSING` (exit 2), what `parseBuildsList`, servers and stores throw
 */
export async function openRecords(session: Session, place: RecordsPlace): Promise<OpenedRecords> {
  const { stores, signal } = session;
  const text = addressed(place);
  const cleanup = createCleanup();
  try {
    let store: ObjectStore | undefined;
    if (!/^(?:https?|file):/i.test(text)) {
      store = await openObjectStore(text, place.store, session);
      cleanup.defer(() => store?.[Symbol.asyncDispose]());
    }
    const base = store?.baseUrl ?? text;
    const sources = openFileSources(stores, text.startsWith('file:'), store);
    cleanup.defer(() => sources[Symbol.asyncDispose]());
    for (const address of [base, `${base}/${buildsDirectory}`]) {
      const where = `${address}/${buildsListName}`;
      const found = await readIfThere(sources, where, signal);
      if (found === undefined) continue;
      const list = parseBuildsList(found, where);
      return { address, list, sources, [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose]() };
    }
    throw usageError('LEGACY_RECORD_MISSING', `${text} has no ${buildsListName}, and none in ${buildsDirectory}/`, {
      hint: 'name the address below which builds/ lies, such as https://HOST/prod/streams/STREAM',
    });
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

/** Reads a record as text; `undefined` if there is none. */
export async function readIfThere(
  sources: FileSources,
  address: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await sources.read(address, mostRecordBytes, signal)).toString('utf8');
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

/** True for the error of a file that a server, a store or this machine does not have. */
export function isNotThere(error: unknown): boolean {
  return error instanceof CosaError && ['SERVER_NOT_FOUND', 'FILE_MISSING', 'OBJECT_MISSING'].includes(error.code);
}

/** A path becomes an address; slashes at the end say nothing. */
function addressed({ directory, url }: RecordsPlace): string {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : pathToFileURL(resolve(directory, url)).href;
  return text.replace(/\/+$/, '');
}
