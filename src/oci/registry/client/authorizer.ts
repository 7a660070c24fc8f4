import type { Credentials } from '../../credentials.ts';
import type { RegistryScope } from '../client.ts';
import type { Challenge } from './challenge.ts';
import { covers, formatScopes, type Grants, grantsOf } from './scopes.ts';
import { basicAuthorization, type Token, type TokenService, tokenService } from './tokens.ts';

/** What goes with a request to say who asks. */
export interface Proof {
  /** The header `Authorization`; none where nothing is demanded or known. */
  header: string | undefined;
  /** True if credentials stand behind it, and not only an anonymous token. */
  isKnown: boolean;
  /** What must not be shown, even if the server sends it back. */
  secrets: readonly string[];
  /** How many tokens had been asked for by then: those that come later may be good where this one was not. */
  tokensAsked: number;
}

/** What one registry demands, and what it has been shown. */
export interface Authorizer {
  /** @param demanded the `scope` of the challenge to an earlier attempt */
  prove(scopes: readonly RegistryScope[], demanded?: string): Promise<Proof>;
  /**
   * Learns from the answer 401: what was sent is no longer good, nor is what else might have been sent.
   * @returns the scope that is demanded
   */
  challenged(challenges: readonly Challenge[], scopes: readonly RegistryScope[], sent: Proof): string;
}

/** A token that is to be had. */
export interface WantedToken {
  service: TokenService;
  /** `repository:os/example:pull,push` */
  scopes: readonly string[];
  credentials: Credentials | undefined;
  /** What it is wanted for in the first place, for messages. */
  purpose: RegistryScope | undefined;
}

export interface AuthorizerContext {
  /** The registry's address. */
  origin: URL;
  mayBePlain: (url: URL) => boolean;
  /** Looked for only when something is demanded. */
  credentials: (repository: string) => Promise<Credentials | undefined>;
  requestToken: (wanted: WantedToken) => Promise<Token>;
  /** Milliseconds that pass evenly. */
  now: () => number;
}

type Demand = 'nothing' | 'basic' | TokenService;

interface CachedToken {
  grants: Grants;
  token: Promise<Token>;
  /** When it is no longer good; endless while it is under way. */
  ends: number;
  /** Counts the tokens that were asked for, from 1. */
  number: number;
}

/** Nothing to show. */
const anonymous: Proof = { header: undefined, isKnown: false, secrets: [], tokensAsked: 0 };

/** @param first the challenges that the ping was answered with */
export function createAuthorizer(context: AuthorizerContext, first: readonly Challenge[]): Authorizer {
  const tokens = new Set<CachedToken>();
  let demand = demandOf(first, context);
  let tokensAsked = 0;

  const cachedToken = (grants: Grants, wanted: Omit<WantedToken, 'scopes'>): Promise<Token> => {
    const now = context.now();
    for (const cached of tokens) {
      if (cached.ends <= now) tokens.delete(cached);
      else if (covers(cached.grants, grants)) return cached.token;
    }
    const token = context.requestToken({ ...wanted, scopes: formatScopes(grants) });
    tokensAsked += 1;
    const cached: CachedToken = { grants, token, ends: Number.POSITIVE_INFINITY, number: tokensAsked };
    tokens.add(cached);
    token.then(
      ({ lifetime }) => {
        cached.ends = now + lifetime;
      },
      () => tokens.delete(cached),
    );
    return token;
  };

  return {
    async prove(scopes, demanded = '') {
      if (demand === 'nothing') return anonymous;
      // Credentials may be for a part of the registry; a mount is an upload to its first repository.
      const credentials = await context.credentials(scopes[0]?.repository ?? '');
      if (demand === 'basic') return basicProof(credentials);
      const wanted = { service: demand, credentials, purpose: scopes[0] };
      const token = await cachedToken(grantsOf(scopes, demanded), wanted);
      return {
        header: `Bearer ${token.value}`,
        isKnown: credentials !== undefined,
        secrets: [token.value, ...secretsOf(credentials)],
        tokensAsked,
      };
    },
    challenged(challenges, scopes, sent) {
      // A refusal that says nothing may come from a proxy; what the registry demands is known.
      if (challenges.length > 0) demand = demandOf(challenges, context);
      for (const cached of tokens) {
        if (cached.number <= sent.tokensAsked && covers(cached.grants, grantsOf(scopes))) tokens.delete(cached);
      }
      return bearerOf(challenges)?.parameters.get('scope') ?? '';
    },
  };
}

/** Tokens before passwords, as they are good for less. */
function demandOf(challenges: readonly Challenge[], { origin, mayBePlain }: AuthorizerContext): Demand {
  const bearer = bearerOf(challenges);
  if (bearer !== undefined) return tokenService(bearer, origin, mayBePlain);
  return challenges.some(({ scheme }) => scheme === 'basic') ? 'basic' : 'nothing';
}

function bearerOf(challenges: readonly Challenge[]): Challenge | undefined {
  return challenges.find(({ scheme }) => scheme === 'bearer');
}

/** An identity token is for token services alone. */
function basicProof(credentials: Credentials | undefined): Proof {
  if (credentials === undefined || 'identityToken' in credentials) return anonymous;
  return { header: basicAuthorization(credentials), isKnown: true, secrets: secretsOf(credentials), tokensAsked: 0 };
}

/** A registry that gets a secret may send it back, as it is or as it came. */
export function secretsOf(credentials: Credentials | undefined): readonly string[] {
  if (credentials === undefined) return [];
  if ('identityToken' in credentials) return [credentials.identityToken];
  return [credentials.password, basicAuthorization(credentials).slice('Basic '.length)];
}
