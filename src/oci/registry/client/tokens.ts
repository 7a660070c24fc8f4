import { z } from 'zod';
import type { HttpRequest, HttpResponse } from '../../../http/exchange.ts';
import { CosaError } from '../../../lib/errors.ts';
import type { Credentials } from '../../credentials.ts';
import type { Challenge } from './challenge.ts';
import { jsonValue } from './json.ts';

/** A service that gives tokens, as a registry's challenge names it. */
export interface TokenService {
  realm: URL;
  service: string | undefined;
}

export interface Token {
  value: string;
  /** How long it is good, in milliseconds from when it was asked for. */
  lifetime: number;
}

/** What is empty, `null` or of another type counts as missing: some services fill in both names of one thing. */
const tokenSchema = z.object({
  token: z.string().min(1).optional().catch(undefined),
  access_token: z.string().min(1).optional().catch(undefined),
  expires_in: z
    .union([z.number(), z.stringFormat('seconds', /^\d+$/).transform(Number)])
    .optional()
    .catch(undefined),
});

const mostTokenBytes = 1024 * 1024;

/** https://distribution.github.io/distribution/spec/auth/token/: what holds where the service does not say. */
const usualLifetime = 60;

/**
 * Finds the token service in a `Bearer` challenge.
 * @param mayBePlain true if a server may be talked to without TLS
 * @throws CosaError `REGISTRY_FAILED` if passwords would go out in the open
 */
export function tokenService(challenge: Challenge, registry: URL, mayBePlain: (url: URL) => boolean): TokenService {
  const realm = challenge.parameters.get('realm') ?? '';
  if (!/^https?:/i.test(realm) || !URL.canParse(realm)) throw unusable(registry, 'it names no token service');
  const url = new URL(realm);
  const isPlain = url.protocol === 'http:' && mayBePlain(url) && mayBePlain(registry);
  if (url.protocol !== 'https:' && !isPlain) throw unusable(registry, `its token service ${url.host} has no TLS`);
  url.username = '';
  url.password = '';
  return { realm: url, service: challenge.parameters.get('service') };
}

/**
 * The request for a token. With a password: GET, https://distribution.github.io/distribution/spec/auth/token/; with an
 * identity token: POST, https://distribution.github.io/distribution/spec/auth/oauth/.
 * @param scopes `repository:os/example:pull,push`
 */
export function tokenRequest(
  { realm, service }: TokenService,
  scopes: readonly string[],
  credentials: Credentials | undefined,
): HttpRequest {
  if (credentials !== undefined && 'identityToken' in credentials) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'cosa',
      refresh_token: credentials.identityToken,
    });
    if (service !== undefined) form.set('service', service);
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url: realm, headers, body: Buffer.from(form.toString()), isBodySecret: true };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  if (credentials !== undefined) url.searchParams.set('account', credentials.username);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const authorization = credentials === undefined ? {} : { authorization: basicAuthorization(credentials) };
  return { method: 'GET', url, headers: { accept: 'application/json', ...authorization } };
}

/**
 * Reads a token service's answer.
 * @throws CosaError `REGISTRY_FAILED` if it holds no token
 */
export async function readToken(answer: HttpResponse, registry: string): Promise<Token> {
  const text = (await answer.bytes(mostTokenBytes)).toString('utf8');
  const parsed = tokenSchema.safeParse(jsonValue(text));
  const value = parsed.data?.token ?? parsed.data?.access_token ?? '';
  // A token becomes a header: only what may stand there (RFC 6750, section 2.1).
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(value)) {
    throw new CosaError('REGISTRY_FAILED', `registry ${registry}: its token service ${answer.url.host} gives no token`);
  }
  const seconds = Math.max(0, parsed.data?.expires_in ?? usualLifetime);
  // Somewhat earlier than it ends: a request with it has yet to arrive.
  return { value, lifetime: (seconds - Math.min(10, seconds / 4)) * 1000 };
}

/** https://www.rfc-editor.org/rfc/rfc7617 */
export function basicAuthorization({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function unusable(registry: URL, reason: string): CosaError {
  return new CosaError('REGISTRY_FAILED', `registry ${registry.host}: ${reason}`, {
    hint: "that is for the registry's administrator to set right",
  });
}
