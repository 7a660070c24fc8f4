import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loggedAddress } from '../../http/log.ts';
import { type FilePart, openWebFiles } from '../../http/web-files.ts';
import { type CosaError, usageError, verificationError } from '../../lib/errors.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { isKey } from '../keys.ts';
import { mostDocumentBytes, type ObjectStore } from '../object-store.ts';
import type { StoreEnvironment } from '../store-environment.ts';

/** Whatever published files are read from, by their addresses. */
export interface FileSources extends AsyncDisposable {
  /**
   * Opens a file.
   * @param offset where to begin, in bytes
   * @throws CosaError `DOWNLOAD_ADDRESS` (exit 4) for an address that is none, `FILE_MISSING` (exit 2), what servers and stores throw
   */
  open(address: string, offset: number, signal: AbortSignal): Promise<FilePart>;
  /** Reads a small file as a whole. @throws CosaError `SERVER_ANSWER_TOO_LARGE` (exit 4), as `open` */
  read(address: string, limit: number, signal: AbortSignal): Promise<Buffer>;
}

/**
 * @param store what lies below its public address is read from it, with the credentials that it has
 * @param allowFiles false where addresses come from a server: nobody there may name files of this machine
 */
export function openFileSources(
  { environment, log = () => undefined, timeouts }: StoreEnvironment,
  allowFiles: boolean,
  store?: ObjectStore,
): FileSources {
  const web = openWebFiles({ environment, log, timeouts });

  async function open(text: string, offset: number, signal: AbortSignal): Promise<FilePart> {
    const key = store === undefined ? undefined : keyOf(store, text);
    if (store !== undefined && key !== undefined) return openObject(store, key, offset, signal);
    const address = addressOf(text);
    if (address.protocol !== 'file:') return web.open(address, offset, signal);
    if (!allowFiles) throw refused(text, 'it is a file of this machine, and comes from elsewhere');
    return openFile(fileURLToPath(address), offset, signal);
  }

  return {
    open,
    async read(address, limit, signal) {
      const { body } = await open(address, 0, signal);
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of body) {
        size += chunk.length;
        if (size > limit) throw tooLarge(address, limit);
        chunks.push(Uint8Array.from(chunk));
      }
      return Buffer.concat(chunks);
    },
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  };
}

/** Documents have no more bytes. */
export const mostMetadataBytes = mostDocumentBytes;

/** The key of an object by its public address; `undefined` for what lies elsewhere. */
function keyOf({ baseUrl }: ObjectStore, address: string): string | undefined {
  if (!address.startsWith(`${baseUrl}/`)) return undefined;
  try {
    const key = decodeURIComponent(address.slice(baseUrl.length + 1));
    return isKey(key) ? key : undefined;
  } catch {
    return undefined;
  }
}

async function openObject(store: ObjectStore, key: string, offset: number, signal: AbortSignal): Promise<FilePart> {
  const size = (await store.stat(key, signal))?.size;
  return { body: store.read(key, { start: offset, signal }), start: offset, size };
}

async function openFile(path: string, offset: number, signal: AbortSignal): Promise<FilePart> {
  const found = await ifExists(stat(path));
  if (found?.isFile() !== true) throw usageError('FILE_MISSING', `there is no file ${path}`);
  const body = createReadStream(path, { start: offset, highWaterMark: 1 << 18, signal });
  return { body, start: offset, size: found.size };
}

/**
 * The address of a file, as metadata has it.
 * @throws CosaError `DOWNLOAD_ADDRESS` (exit 4)
 */
function addressOf(text: string): URL {
  if (!URL.canParse(text)) throw refused(text, 'it is no address');
  const address = new URL(text);
  if (!['https:', 'http:', 'file:'].includes(address.protocol)) {
    throw refused(text, 'it is neither of https: nor of http:');
  }
  if (address.username !== '' || address.password !== '') throw refused(text, 'it holds a user or a password');
  if (address.protocol === 'file:' && address.host !== '') throw refused(text, 'it names a file of another machine');
  return address;
}

function refused(address: string, reason: string): CosaError {
  const shown = URL.canParse(address) ? loggedAddress(new URL(address)) : JSON.stringify(address);
  return verificationError('DOWNLOAD_ADDRESS', `${shown} cannot be downloaded from: ${reason}`, {
    hint: 'it stands in the metadata: ask who publishes it',
  });
}

function tooLarge(address: string, limit: number): CosaError {
  return verificationError(
    'SERVER_ANSWER_TOO_LARGE',
    `${loggedAddress(new URL(address))} has more than ${limit} bytes`,
    { hint: 'nothing of that kind is so large: something is wrong with it, or with the address' },
  );
}
