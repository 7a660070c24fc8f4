import { CosaError } from '../lib/errors.ts';
import { trustedAuthorities } from './authorities.ts';
import { createConnections, type Timeouts, usualTimeouts } from './connections.ts';
import type { Exchange, HttpResponse } from './exchange.ts';
import { loggedAddress, withLog } from './log.ts';
import type { Peer } from './peer.ts';
import { environmentProxies } from './proxies.ts';
import { withRedirects } from './redirects.ts';
import { contentRange } from './resume.ts';
import { createSecrets } from './secrets.ts';
import { markTemporary } from './temporary-errors.ts';
import { createTransport } from './transport.ts';

/** A file from somewhere on. */
export interface FilePart {
  body: AsyncIterable<Uint8Array>;
  /** Where the body begins: where it was to begin, or 0 if the server cannot do that. */
  start: number;
  /** Bytes of the whole file; `undefined` if the server does not say. */
  size: number | undefined;
}

/** Files that web servers give to anybody. */
export interface WebFiles extends AsyncDisposable {
  /**
   * Asks for a file.
   * @param offset where to begin, in bytes
   * @throws CosaError `SERVER_NOT_FOUND` (403, 404 and 410), `SERVER_UNAVAILABLE` (429 and 5xx, temporary), `SERVER_FAILED`, other
   *   codes of `SERVER_` for what fails below HTTP
   */
  open(address: URL, offset: number, signal: AbortSignal): Promise<FilePart>;
}

export interface WebFilesSettings {
  /** Names proxies and certificates. */
  environment: NodeJS.ProcessEnv;
  /** Told one line for each request. */
  log: (line: string) => void;
  timeouts?: Timeouts | undefined;
}

/**
 * Opens connections when they are needed. An address of `http:` is the user's own choice; from `https:` no redirect leads to
 * one without TLS.
 */
export function openWebFiles({ environment, log, timeouts = usualTimeouts }: WebFilesSettings): WebFiles {
  const connections = createConnections({
    certificates: async () => {
      const ca = await trustedAuthorities([], environment);
      return ca === undefined ? {} : { ca };
    },
    proxies: environmentProxies(environment),
    timeouts,
  });
  const context = { log, secrets: createSecrets(), now: () => performance.now() };

  async function ask(send: Exchange, url: URL, offset: number, signal: AbortSignal): Promise<HttpResponse> {
    const headers = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const answer = await send({ method: 'GET', url, headers, signal });
    if (answer.status === 200 || (offset > 0 && [206, 416].includes(answer.status))) return answer;
    await answer.discard();
    throw statusError(answer, url);
  }

  return {
    async open(address, offset, signal) {
      const peer: Peer = { kind: 'server', host: address.host, codes: 'SERVER' };
      const rules = { mayBePlain: () => true, mayLeaveTls: false };
      const send = withRedirects(withLog(createTransport(connections, peer), context), peer, rules);
      const answer = await ask(send, address, offset, signal);
      if (answer.status === 200) return { body: answer.body, start: 0, size: lengthOf(answer) };
      const { start, total } = contentRange(answer.header('content-range'));
      if (answer.status === 206 && start === offset) return { body: answer.body, start, size: total };
      // Other bytes than those that were asked for are of no use: without a range every server can do it.
      await answer.discard();
      const whole = await ask(send, address, 0, signal);
      return { body: whole.body, start: 0, size: lengthOf(whole) };
    },
    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}

function lengthOf({ header }: HttpResponse): number | undefined {
  const text = header('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function statusError({ status, header }: HttpResponse, address: URL): CosaError {
  const message = `${loggedAddress(address)} answers with status ${status}`;
  if ([403, 404, 410].includes(status)) return new CosaError('SERVER_NOT_FOUND', message);
  if (status !== 429 && status < 500) return new CosaError('SERVER_FAILED', message);
  return markTemporary(new CosaError('SERVER_UNAVAILABLE', message), header('retry-after'));
}
