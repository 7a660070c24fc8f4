import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import type undici from 'undici';

// The parts of undici that a registry takes. Its entry loads fetch, WebSocket, caches and more besides: a tenth of a
// second, in which a push that has nothing to do is over. package.json names one exact version, so the paths hold.
// undici parses HTTP with WebAssembly. V8 would compile it a second time, better, for as long as a short command takes
// altogether; the parser sees heads only, and bodies in large pieces, so the first version does.
setFlagsFromString('--no-wasm-tier-up');
setFlagsFromString('--no-wasm-dynamic-tiering');

const require = createRequire(import.meta.url);

/** Connections to one server. */
export const Pool = require('undici/lib/dispatcher/pool.js') as typeof undici.Pool;

const { request: dispatch } = require('undici/lib/api/index.js') as {
  request: (
    this: undici.Dispatcher,
    options: undici.Dispatcher.RequestOptions,
  ) => Promise<undici.Dispatcher.ResponseData>;
};

/** Sends a request over such connections, and waits for the answer's head. */
export function request(
  pool: undici.Dispatcher,
  url: URL,
  options: Omit<undici.Dispatcher.RequestOptions, 'origin' | 'path'>,
): Promise<undici.Dispatcher.ResponseData> {
  return dispatch.call(pool, { ...options, origin: url.origin, path: `${url.pathname}${url.search}` });
}
