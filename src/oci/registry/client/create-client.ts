import { setMaxListeners } from 'node:events';
import type { Connections } from '../../../http/connections.ts';
import type { Exchange, HttpRequest } from '../../../http/exchange.ts';
import { withLog } from '../../../http/log.ts';
import type { Peer } from '../../../http/peer.ts';
import { mayBePlainHttp } from '../../../http/plain-http.ts';
import { withRedirects } from '../../../http/redirects.ts';
import { createAttempts, type RetryContext, withRetry } from '../../../http/retry.ts';
import { createSecrets, type Secrets, withHiddenSecrets } from '../../../http/secrets.ts';
import { createTransport } from '../../../http/transport.ts';
import { waitWhile } from '../../../http/wait-while.ts';
import { CosaError } from '../../../lib/errors.ts';
import type { Credentials } from '../../credentials.ts';
import type { RegistryClient, RegistryRequest, RegistryResponse } from '../client.ts';
import { type AcceptedRequest, withAcceptedStatuses } from './accepted-statuses.ts';
import { answerError, answererName } from './answer-errors.ts';
import { withAuthorization } from './authorization.ts';
import { secretsOf, type WantedToken } from './authorizer.ts';
import { registryPeer } from './peer.ts';
import { ping } from './ping.ts';
import { readToken, type Token, tokenRequest } from './tokens.ts';

export interface ClientOptions extends RetryContext {
  /** As it stands in references: what messages name. */
  host: string;
  /** Where the registry listens, if that is not the host: HOST[:PORT]. */
  address: string;
  /** True for a registry that may do without TLS, or have any certificate. */
  insecure: boolean;
  /** Hosts that may do without TLS. */
  plainHttp: readonly string[];
  connections: Connections;
  /** What the user has for a repository. Asked for when the registry demands it. */
  credentials: (repository: string) => Promise<Credentials | undefined>;
  /** Ends what requests share: the ping, the request for a token. */
  signal: AbortSignal;
  /** Told of each request that goes over the wire, in one line without secrets. */
  log?: ((line: string) => void) | undefined;
}

/** What all parts of one client know. */
interface ClientContext extends ClientOptions {
  peer: Peer;
  secrets: Secrets;
  mayBePlain: (url: URL) => boolean;
  /** Any server: the registry, its token service, its storage. */
  send: Exchange;
}

interface Connection {
  /** `https://registry.test/v2/` */
  base: URL;
  send: Exchange<AcceptedRequest>;
}

/**
 * Connects to nothing yet: the first request does. From the wire upwards: log, redirects, authorization, errors for
 * statuses that nobody expected, secrets taken out of all of them, retry.
 */
export function createClient(options: ClientOptions): RegistryClient {
  const context = contextOf(options);
  let connecting: Promise<Connection> | undefined;

  /** One ping for all requests; another after one that failed. */
  const connected = (): Promise<Connection> => {
    connecting ??= connect(context).catch((error: unknown) => {
      connecting = undefined;
      throw error;
    });
    return connecting;
  };

  const once = async ({ path, ...request }: RegistryRequest): Promise<RegistryResponse> => {
    const { base, send } = await waitWhile(connected(), request.signal);
    return send({
      ...request,
      url: addressOf(path, base, context),
      what: describe(request.method, path, request.scopes),
    });
  };

  const { host } = options;
  const send = withRetry(withHiddenSecrets(once, context.secrets), context, host);
  return {
    host,
    attempts: (what, signal) => createAttempts(context, what, signal),
    async request(request) {
      // Many requests wait for one signal, that of the command. Node takes that for a leak.
      if (request.signal !== undefined) setMaxListeners(0, request.signal);
      request.signal?.throwIfAborted();
      return send(request);
    },
  };
}

function contextOf(options: ClientOptions): ClientContext {
  const { host, address, insecure, plainHttp, connections, log, warn } = options;
  const secrets = createSecrets();
  const peer = registryPeer(host);
  const named = insecure ? [...plainHttp, address] : plainHttp;
  const mayBePlain = (url: URL) => mayBePlainHttp(url, named);
  const registry = new URL(`https://${address}`);
  const verify = (url: URL) => !(insecure && url.hostname === registry.hostname);
  const wire = createTransport(connections, peer, verify);
  const logged = log === undefined ? wire : withLog(wire, { log, secrets, now: () => performance.now() });
  const send = withRedirects(logged, peer, { mayBePlain, mayLeaveTls: false });
  return { ...options, warn: (message) => warn(secrets.hide(message)), peer, secrets, mayBePlain, send };
}

async function connect(context: ClientContext): Promise<Connection> {
  const { host, address, signal, credentials, mayBePlain, secrets, send } = context;
  const pinged = (url: URL) => send({ method: 'GET', url, signal });
  const { base, challenges } = await ping(host, address, mayBePlain, pinged, secrets.hide);
  const authorizerContext = {
    origin: base,
    mayBePlain,
    credentials,
    requestToken: (wanted: WantedToken) => fetchToken(context, base, wanted),
    now: () => performance.now(),
  };
  const authorized = withAuthorization(send, authorizerContext, challenges, secrets.add);
  return { base, send: withAcceptedStatuses(authorized, { host, base, hide: secrets.hide }) };
}

async function fetchToken(context: ClientContext, base: URL, wanted: WantedToken): Promise<Token> {
  const { host, secrets, send, signal } = context;
  const { service, scopes, credentials, purpose } = wanted;
  secrets.add(secretsOf(credentials));
  const answer = await send({ ...tokenRequest(service, scopes, credentials), signal });
  if (answer.status === 200) return readToken(answer, host);
  throw await answerError(answer, {
    host,
    what: 'token',
    scope: purpose,
    answeredBy: answererName(answer.url, base),
    isOwn: answer.url.origin === service.realm.origin,
    isKnown: credentials !== undefined,
    hide: secrets.hide,
  });
}

/** An address that the registry gave may be anywhere, but not without TLS where there was TLS. */
function addressOf(path: string | URL, base: URL, { host, mayBePlain }: ClientContext): URL {
  const url = new URL(path, base);
  url.username = '';
  url.password = '';
  const isPlain = url.protocol === 'http:' && base.protocol === 'http:' && mayBePlain(url);
  if (url.protocol === 'https:' || isPlain) return url;
  throw new CosaError('REGISTRY_FAILED', `registry ${host}: it gives an address without TLS: http://${url.host}`, {
    hint: 'its administrator has to tell it its own address, or have the proxy before it send X-Forwarded-Proto',
  });
}

/** What is asked for, without a query: that of an address which the registry gave may hold secrets. */
function describe(method: HttpRequest['method'], path: string | URL, scopes: RegistryRequest['scopes']): string {
  const repository = `${scopes[0]?.repository ?? ''}/`;
  const whole = (typeof path === 'string' ? path : path.pathname.replace(/^\/v2\//, '')).replace(/\?.*$/s, '');
  if (whole === '') return `${method} /v2/`;
  return `${method} ${whole.startsWith(repository) ? whole.slice(repository.length) : whole}`;
}
