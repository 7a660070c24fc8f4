import { createRequire } from 'node:module';
import type undici from 'undici';

// The parts of undici that a registry takes. Its entry loads fetch, WebSocket, caches and more besides: a tenth of a
// second, in which a push that has nothing to do is over. package.json names one exact version, so the paths hold.
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
