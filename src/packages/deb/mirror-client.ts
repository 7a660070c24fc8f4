import { createConnections, usualTimeouts } from '../../http/connections.ts';
import type { Exchange, HttpResponse } from '../../http/exchange.ts';
import { loggedAddress, withLog } from '../../http/log.ts';
import type { Peer } from '../../http/peer.ts';
import { environmentProxies, type Proxies } from '../../http/proxies.ts';
import { withRedirects } from '../../http/redirects.ts';
import { contentRange, type Part, skip } from '../../http/resume.ts';
import { createSecrets } from '../../http/secrets.ts';
import { markTemporary } from '../../http/temporary-errors.ts';
import { createTransport } from '../../http/transport.ts';
import { CosaError } from '../../lib/errors.ts';
import { hostAcquireSettings } from './host-apt.ts';

/** Another mirror can be asked sooner than a registry can be waited for, in milliseconds. */
const timeouts = { ...usualTimeouts, idle: 60_000 };

/** The servers that packages are fetched from. */
export interface Mirrors extends AsyncDisposable {
  /**
   * Asks for a file from an offset on.
   * @param size of the whole file, in bytes
   * @throws CosaError `MIRROR_NOT_FOUND` (403, 404 and 410), `MIRROR_UNAVAILABLE` (429 and 5xx, temporary), `MIRROR_FAILED`,
   *   `MIRROR_TIMEOUT` and the like; what `refuse` throws
   */
  open(address: URL, size: number, offset: number, options: OpenOptions): Promise<Part>;
}

interface OpenOptions {
  signal: AbortSignal;
  /** Told how long the file is, if the server says so and it is not as long as it should be. Makes the error. */
  refuse: (bytes: number) => Error;
}

/**
 * Takes the way that the machine's apt takes: its proxy if it names one, else the environment's.
 * @param log told one line for each request
 */
export async function openMirrors(environment: NodeJS.ProcessEnv, log: (line: string) => void): Promise<Mirrors> {
  const connections = createConnections({
    certificates: async () => {
      const { trustedAuthorities } = await import('../../http/authorities.ts');
      const ca = await trustedAuthorities([], environment);
      return ca === undefined ? {} : { ca };
    },
    proxies: await proxies(environment),
    timeouts,
  });
  const context = { log, secrets: createSecrets(), now: () => performance.now() };
  // The files' hashes are known: it does not matter who serves them, nor how.
  const rules = { mayBePlain: () => true, mayLeaveTls: true };

  async function ask(send: Exchange, address: URL, offset: number, signal: AbortSignal): Promise<HttpResponse> {
    const headers = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const answer = await send({ method: 'GET', url: address, headers, signal });
    if (answer.status === 200 || (offset > 0 && [206, 416].includes(answer.status))) return answer;
    await answer.discard();
    throw statusError(answer, address);
  }

  return {
    async open(address, size, offset, { signal, refuse }) {
      const peer: Peer = { kind: 'mirror', host: address.host, codes: 'MIRROR' };
      const send = withRedirects(withLog(createTransport(connections, peer), context), peer, rules);
      let answer = await ask(send, address, offset, signal);
      const { start, end } = contentRange(answer.header('content-range'));
      if (answer.status === 206 && start === offset && end !== undefined) return { body: answer.body, end };
      if (answer.status !== 200) {
        // Other bytes than those that were asked for are of no use: without a range every server can do it.
        await answer.discard();
        answer = await ask(send, address, 0, signal);
      }
      const length = Number(answer.header('content-length') ?? size);
      if (length === size) return { body: offset === 0 ? answer.body : skip(answer.body, offset), end: size };
      await answer.discard();
      throw refuse(length);
    },
    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}

function statusError({ status, header }: HttpResponse, address: URL): CosaError {
  const message = `${loggedAddress(address)} answers with status ${status}`;
  if ([403, 404, 410].includes(status)) return new CosaError('MIRROR_NOT_FOUND', message);
  if (status !== 429 && status < 500) return new CosaError('MIRROR_FAILED', message);
  return markTemporary(new CosaError('MIRROR_UNAVAILABLE', message), header('retry-after'));
}

async function proxies(environment: NodeJS.ProcessEnv): Promise<Proxies> {
  const settings = (await hostAcquireSettings()).join('\n');
  const named = (scheme: string) => {
    const value = new RegExp(`^Acquire::${scheme}::Proxy "([^"]*)";`, 'mi').exec(settings)?.[1];
    return value === 'DIRECT' ? '' : (value ?? '');
  };
  const usual = environmentProxies(environment);
  return { ...usual, http: named('http') || usual.http, https: named('https') || usual.https };
}
