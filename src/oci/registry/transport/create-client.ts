import { CosaError } from '../../../lib/errors.ts';
import type { Credentials } from '../../credentials/credentials.ts';
import type { RegistryClient, RegistryRequest, RegistryResponse } from '../client.ts';
import { answerError } from './answer-errors.ts';
import { type Authorization, createAuthorization, type Proof, secretsOf } from './authorization.ts';
import { parseChallenges } from './challenge.ts';
import type { Connections } from './connections.ts';
import { type Exchange, exchange } from './exchange.ts';
import { ping } from './ping.ts';
import { mayBePlainHttp } from './plain-http.ts';
import { follow } from './redirects.ts';
import { createAttempts, type RetryContext, rememberRetryAfter } from './retry.ts';
import { readToken, type Token, type TokenService, tokenRequest } from './tokens.ts';

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
}

interface Connection {
  /** `https://registry.test/v2/` */
  base: URL;
  authorization: Authorization;
}

/** Connects to nothing yet: the first request does. */
export function createClient(options: ClientOptions): RegistryClient {
  const { host } = options;
  let connecting: Promise<Connection> | undefined;

  /** One ping for all requests; another after one that failed. */
  const connected = (): Promise<Connection> => {
    connecting ??= connect(options).catch((error: unknown) => {
      connecting = undefined;
      throw error;
    });
    return connecting;
  };

  const attempt = async (request: RegistryRequest): Promise<RegistryResponse> => {
    const { signal } = request;
    const { base, authorization } = await abortable(connected(), signal);
    const url = addressOf(request.path, base, options);
    const isOwn = url.origin === base.origin;
    const proof = isOwn ? await abortable(authorization.prove(request.scopes), signal) : undefined;
    const answer = await send(options, outgoing(request, url, proof));
    if (answer.status !== 401 || proof === undefined || answer.url.origin !== base.origin) {
      return accepted(options, request, answer, base, proof);
    }
    const demanded = authorization.challenged(parseChallenges(answer.header('www-authenticate') ?? ''), proof);
    if (demanded === undefined) return accepted(options, request, answer, base, proof);
    await answer.discard();
    const renewed = await abortable(authorization.prove(request.scopes, demanded.scope), signal);
    return accepted(options, request, await send(options, outgoing(request, url, renewed)), base, renewed);
  };

  return {
    host,
    attempts: (what, signal) => createAttempts(options, what, signal),
    async request(request) {
      request.signal?.throwIfAborted();
      if (request.retry === false) return attempt(request);
      const attempts = createAttempts(options, describe(request), request.signal);
      for (;;) {
        try {
          return await attempt(request);
        } catch (error) {
          await attempts.failed(error);
        }
      }
    },
  };
}

async function connect(options: ClientOptions): Promise<Connection> {
  const { host, address, signal } = options;
  const mayBePlain = plainAllowed(options);
  const { base, challenges } = await ping(host, address, mayBePlain, (url) =>
    send(options, { method: 'GET', url, headers: {}, signal }),
  );
  const requestToken = (service: TokenService, scopes: readonly string[], credentials: Credentials | undefined) =>
    fetchToken(options, service, scopes, credentials);
  const context = {
    origin: base,
    mayBePlain,
    credentials: options.credentials,
    requestToken,
    now: () => performance.now(),
  };
  return { base, authorization: createAuthorization(context, challenges) };
}

async function fetchToken(
  options: ClientOptions,
  service: TokenService,
  scopes: readonly string[],
  credentials: Credentials | undefined,
): Promise<Token> {
  const answer = await send(options, { ...tokenRequest(service, scopes, credentials), signal: options.signal });
  if (answer.status === 200) return readToken(answer, options.host);
  const error = await answerError(answer, {
    host: options.host,
    what: `token for ${scopes.join(' ')}`,
    scope: undefined,
    other: answer.url.origin === service.realm.origin ? undefined : answer.url.host,
    isKnown: credentials !== undefined,
    secrets: secretsOf(credentials),
  });
  throw rememberRetryAfter(error, answer.header('retry-after'), Date.now());
}

/** Any server: the registry, its token service, its storage. */
async function send(options: ClientOptions, first: Exchange): Promise<RegistryResponse> {
  const { host, connections, insecure } = options;
  const registry = new URL(`https://${options.address}`);
  const one = async (sent: Exchange) => {
    const verify = !(insecure && sent.url.hostname === registry.hostname);
    return exchange(await connections.to(sent.url, verify), sent, host);
  };
  return follow(one, first, { registry: host, mayBePlain: plainAllowed(options) });
}

function plainAllowed({ insecure, plainHttp, address }: ClientOptions): (url: URL) => boolean {
  const named = insecure ? [...plainHttp, address] : plainHttp;
  return (url) => mayBePlainHttp(url, named);
}

function outgoing(request: RegistryRequest, url: URL, proof: Proof | undefined): Exchange {
  const { method, body, signal, headers } = request;
  const authorization = proof?.header === undefined ? {} : { authorization: proof.header };
  return { method, url, body, signal, headers: { ...headers, ...authorization } };
}

/** An address that the registry gave may be anywhere, but not without TLS where there was TLS. */
function addressOf(path: string | URL, base: URL, options: ClientOptions): URL {
  const url = new URL(path, base);
  const isPlain = url.protocol === 'http:' && base.protocol === 'http:' && plainAllowed(options)(url);
  if (url.protocol === 'https:' || isPlain) return url;
  throw new CosaError(
    'REGISTRY_FAILED',
    `registry ${options.host}: it gives an address without TLS: http://${url.host}`,
    {
      hint: 'its administrator has to tell it its own address, or have the proxy before it send X-Forwarded-Proto',
    },
  );
}

async function accepted(
  options: ClientOptions,
  request: RegistryRequest,
  answer: RegistryResponse,
  base: URL,
  proof: Proof | undefined,
): Promise<RegistryResponse> {
  if (request.accept.includes(answer.status)) return answer;
  const error = await answerError(answer, {
    host: options.host,
    what: describe(request),
    scope: request.scopes[0],
    other: answer.url.origin === base.origin ? undefined : answer.url.host,
    isKnown: proof?.isKnown ?? false,
    secrets: proof?.secrets ?? [],
  });
  throw rememberRetryAfter(error, answer.header('retry-after'), Date.now());
}

/** What is asked for, without a query: that of an address which the registry gave may hold secrets. */
function describe({ method, path, scopes }: RegistryRequest): string {
  const repository = `${scopes[0]?.repository ?? ''}/`;
  const whole = (typeof path === 'string' ? path : path.pathname.replace(/^\/v2\//, '')).replace(/\?.*$/s, '');
  return `${method} ${whole.startsWith(repository) ? whole.slice(repository.length) : whole}`;
}

/** Waits for something that is shared with others, and so goes on when one no longer wants it. */
async function abortable<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return shared;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
