import { setMaxListeners } from 'node:events';
import type { Connections } from '../../../http/connections.ts';
import { mayBePlainHttp } from '../../../http/plain-http.ts';
import { follow } from '../../../http/redirects.ts';
import { createAttempts, type RetryContext } from '../../../http/retry.ts';
import { createSecrets, type Secrets } from '../../../http/secrets.ts';
import { type Exchange, exchange } from '../../../http/transport.ts';
import { CosaError } from '../../../lib/errors.ts';
import type { Credentials } from '../../credentials.ts';
import type { RegistryClient, RegistryRequest, RegistryResponse } from '../client.ts';
import { answerError } from './answer-errors.ts';
import {
  type Authorization,
  anonymous,
  createAuthorization,
  type Proof,
  secretsOf,
  type WantedToken,
} from './authorization.ts';
import { parseChallenges } from './challenge.ts';
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
}

interface Connection {
  /** `https://registry.test/v2/` */
  base: URL;
  authorization: Authorization;
}

/** With what all parts of one client know. */
interface ClientContext extends ClientOptions {
  secrets: Secrets;
}

/**
 * Connects to nothing yet: the first request does. All of its errors and warnings pass here, and leave their secrets:
 * servers put what they were sent into bodies, addresses and the names of hosts.
 */
export function createClient(given: ClientOptions): RegistryClient {
  const { host } = given;
  const secrets = createSecrets();
  const options: ClientContext = { ...given, secrets, warn: (message) => given.warn(secrets.hide(message)) };
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
    try {
      return discreet(await exchangeOnce(request), secrets);
    } catch (error) {
      throw secrets.hideIn(error);
    }
  };

  const exchangeOnce = async (request: RegistryRequest): Promise<RegistryResponse> => {
    const { signal, scopes, accept } = request;
    const { base, authorization } = await abortable(connected(), signal);
    const url = addressOf(request.path, base, options);
    const isOwn = url.origin === base.origin;
    const proof = isOwn ? await abortable(authorization.prove(scopes), signal) : anonymous;
    secrets.add(proof.secrets);
    const answer = await send(options, outgoing(request, url, proof));
    if (accept.includes(answer.status)) return answer;
    const refusal = await errorOf(options, request, answer, base, proof);
    if (answer.status !== 401 || !isOwn || answer.url.origin !== base.origin) throw refusal;

    // A token may have ended, or the challenge asks for more. What is refused twice will not be taken the third time.
    const challenges = parseChallenges(answer.header('www-authenticate') ?? '');
    const demanded = authorization.challenged(challenges, scopes, proof);
    const renewed = await abortable(authorization.prove(scopes, demanded), signal);
    secrets.add(renewed.secrets);
    if (renewed.header === proof.header) throw refusal;
    const second = await send(options, outgoing(request, url, renewed));
    if (accept.includes(second.status)) return second;
    throw await errorOf(options, request, second, base, renewed);
  };

  return {
    host,
    attempts: (what, signal) => createAttempts(options, what, signal),
    async request(request) {
      // Many requests wait for one signal, that of the command. Node takes that for a leak.
      if (request.signal !== undefined) setMaxListeners(0, request.signal);
      request.signal?.throwIfAborted();
      if (request.retry === false) return attempt(request);
      const attempts = createAttempts(options, host, request.signal);
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

async function connect(options: ClientContext): Promise<Connection> {
  const { host, address, signal } = options;
  const mayBePlain = plainAllowed(options);
  const { base, challenges } = await ping(
    host,
    address,
    mayBePlain,
    (url) => send(options, { method: 'GET', url, headers: {}, signal }),
    options.secrets.hide,
  );
  const context = {
    origin: base,
    mayBePlain,
    credentials: options.credentials,
    requestToken: (wanted: WantedToken) => fetchToken(options, base, wanted),
    now: () => performance.now(),
  };
  return { base, authorization: createAuthorization(context, challenges) };
}

async function fetchToken(options: ClientContext, base: URL, wanted: WantedToken): Promise<Token> {
  const { service, scopes, credentials, purpose } = wanted;
  options.secrets.add(secretsOf(credentials));
  const answer = await send(options, { ...tokenRequest(service, scopes, credentials), signal: options.signal });
  if (answer.status === 200) return readToken(answer, options.host);
  throw await answerError(answer, {
    host: options.host,
    what: 'token',
    scope: purpose,
    answeredBy: nameOf(answer.url, base),
    isOwn: answer.url.origin === service.realm.origin,
    isKnown: credentials !== undefined,
    hide: options.secrets.hide,
  });
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

function outgoing(request: RegistryRequest, url: URL, proof: Proof): Exchange {
  const { method, body, signal, headers } = request;
  const authorization = proof.header === undefined ? {} : { authorization: proof.header };
  return { method, url, body, signal, headers: { ...headers, ...authorization } };
}

/** An address that the registry gave may be anywhere, but not without TLS where there was TLS. */
function addressOf(path: string | URL, base: URL, options: ClientOptions): URL {
  const url = new URL(path, base);
  url.username = '';
  url.password = '';
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

function errorOf(
  options: ClientContext,
  request: RegistryRequest,
  answer: RegistryResponse,
  base: URL,
  { isKnown }: Proof,
): Promise<CosaError> {
  const isOwn = answer.url.origin === base.origin;
  const answeredBy = nameOf(answer.url, base);
  const scope = request.scopes[0];
  return answerError(answer, {
    host: options.host,
    what: describe(request),
    scope,
    answeredBy,
    isOwn,
    isKnown,
    hide: options.secrets.hide,
  });
}

/** An answer whose body tells no secrets either when it breaks off. */
function discreet(answer: RegistryResponse, secrets: Secrets): RegistryResponse {
  return {
    ...answer,
    body: discreetBody(answer.body, secrets),
    bytes: async (maximum) => {
      try {
        return await answer.bytes(maximum);
      } catch (error) {
        throw secrets.hideIn(error);
      }
    },
  };
}

async function* discreetBody(body: AsyncIterable<Buffer>, secrets: Secrets): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw secrets.hideIn(error);
  }
}

function nameOf(url: URL, base: URL): string {
  return url.origin === base.origin ? 'the registry' : url.host;
}

/** What is asked for, without a query: that of an address which the registry gave may hold secrets. */
function describe({ method, path, scopes }: RegistryRequest): string {
  const repository = `${scopes[0]?.repository ?? ''}/`;
  const whole = (typeof path === 'string' ? path : path.pathname.replace(/^\/v2\//, '')).replace(/\?.*$/s, '');
  if (whole === '') return `${method} /v2/`;
  return `${method} ${whole.startsWith(repository) ? whole.slice(repository.length) : whole}`;
}

/** Waits for something that is shared with others, and so goes on when one no longer wants it. */
async function abortable<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return shared;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
