import { randomUUID } from 'node:crypto';
import { type Answer, errorAnswer, jsonAnswer } from './answer.ts';
import { type Exchange, readAll } from './exchange.ts';

/** Who may do what. */
export interface User {
  name: string;
  password: string;
  /** What the user may do; whoever pushes may pull and delete. */
  access: 'pull' | 'push';
  /** The repositories; all unless told. */
  repositories?: RegExp;
}

/** How a registry knows its users. */
export type Authentication =
  | { kind: 'none' }
  | { kind: 'basic'; users: readonly User[] }
  | {
      kind: 'bearer';
      users: readonly User[];
      /** What those without credentials get a token for: nothing unless told. */
      anonymous?: 'pull' | 'push';
      /** After so many requests a token has expired; never unless told. No clock: tests count. */
      requestsPerToken?: number;
      /** Seconds that the token service says its tokens are good for. */
      expiresIn?: number;
      /** The path of the token service. */
      realm?: string;
    };

/** What a request needs to do to a repository. */
export interface Need {
  repository: string;
  access: 'pull' | 'push' | 'delete';
}

/** Decides whether requests may be dealt with, and is the token service. */
export interface Gate {
  /** The answer for a request that may not go on, or `undefined`. */
  check(exchange: Exchange, needs: readonly Need[]): Answer | undefined;
  /** Answers the token service's requests; `undefined` if the path is not its. */
  answerToken(exchange: Exchange): Promise<Answer> | undefined;
  /** Makes all tokens that were given out invalid. */
  revokeTokens(): void;
}

interface Token {
  granted: readonly Need[];
  requestsLeft: number;
}

export function createGate(authentication: Authentication): Gate {
  const tokens = new Map<string, Token>();

  function check(exchange: Exchange, needs: readonly Need[]): Answer | undefined {
    if (authentication.kind === 'none') return undefined;
    const header = exchange.header('authorization') ?? '';
    if (authentication.kind === 'basic') return checkBasic(authentication.users, header, needs);
    const token = tokens.get(header.replace(/^Bearer /i, ''));
    if (token === undefined || token.requestsLeft <= 0) {
      return challenge(exchange, authentication.realm, needs, header === '' ? undefined : 'invalid_token');
    }
    token.requestsLeft -= 1;
    if (needs.every((need) => token.granted.some((granted) => covers(granted, need)))) return undefined;
    return challenge(exchange, authentication.realm, needs, 'insufficient_scope');
  }

  function answerToken(exchange: Exchange): Promise<Answer> | undefined {
    if (authentication.kind !== 'bearer' || exchange.url.pathname !== (authentication.realm ?? usualRealm)) {
      return undefined;
    }
    return giveToken(exchange, authentication, tokens);
  }

  return { check, answerToken, revokeTokens: () => tokens.clear() };
}

const usualRealm = '/token';

function checkBasic(users: readonly User[], header: string, needs: readonly Need[]): Answer | undefined {
  const user = basicUser(users, header);
  if (user === undefined) {
    const headers = { 'WWW-Authenticate': 'Basic realm="testing registry"' };
    return errorAnswer(401, 'UNAUTHORIZED', 'authentication required', headers);
  }
  if (needs.every((need) => mayDo(user, need))) return undefined;
  return errorAnswer(403, 'DENIED', 'requested access to the resource is denied');
}

function basicUser(users: readonly User[], header: string): User | undefined {
  const text = Buffer.from(/^Basic (.+)$/i.exec(header)?.[1] ?? '', 'base64').toString();
  const [name, ...password] = text.split(':');
  return users.find((user) => user.name === name && user.password === password.join(':'));
}

function challenge(exchange: Exchange, realm = usualRealm, needs: readonly Need[], error?: string): Answer {
  const scope = needs
    .map(({ repository, access }) => `repository:${repository}:${actions(access).join(',')}`)
    .join(' ');
  const parameters = {
    realm: new URL(realm, exchange.url).href,
    service: exchange.url.host,
    ...(scope === '' ? {} : { scope }),
    ...(error === undefined ? {} : { error }),
  };
  const text = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return errorAnswer(401, 'UNAUTHORIZED', 'authentication required', {
    'WWW-Authenticate': `Bearer ${text.join(',')}`,
  });
}

/** https://distribution.github.io/distribution/spec/auth/token/ (GET) and …/auth/oauth/ (POST) */
async function giveToken(
  exchange: Exchange,
  authentication: Extract<Authentication, { kind: 'bearer' }>,
  tokens: Map<string, Token>,
): Promise<Answer> {
  const isPost = exchange.method === 'POST';
  const parameters = isPost ? new URLSearchParams(String(await readAll(exchange, 65_536))) : exchange.url.searchParams;
  const header = exchange.header('authorization');
  const user = isPost ? postedUser(authentication.users, parameters) : basicUser(authentication.users, header ?? '');
  if (user === undefined && (isPost || header !== undefined || authentication.anonymous === undefined)) {
    return errorAnswer(401, 'UNAUTHORIZED', 'incorrect username or password');
  }
  const asked = parameters
    .getAll('scope')
    .flatMap((scope) => scope.split(' '))
    .flatMap(needsOf);
  const granted = asked.filter((need) => mayDo(user ?? { access: authentication.anonymous ?? 'pull' }, need));
  const token = randomUUID();
  tokens.set(token, { granted, requestsLeft: authentication.requestsPerToken ?? Number.POSITIVE_INFINITY });
  return jsonAnswer(200, {
    ...(isPost ? { access_token: token } : { token }),
    ...(user !== undefined && isWanted(parameters) ? { refresh_token: refreshTokenOf(user) } : {}),
    ...(authentication.expiresIn === undefined ? {} : { expires_in: authentication.expiresIn }),
  });
}

function isWanted(parameters: URLSearchParams): boolean {
  return parameters.get('offline_token') === 'true' || parameters.get('access_type') === 'offline';
}

/** What a user may log in with instead of the password: an identity token. */
export function refreshTokenOf(user: User): string {
  return `identity-of-${user.name}`;
}

function postedUser(users: readonly User[], parameters: URLSearchParams): User | undefined {
  if (parameters.get('grant_type') === 'refresh_token') {
    return users.find((user) => refreshTokenOf(user) === parameters.get('refresh_token'));
  }
  return users.find(
    ({ name, password }) => name === parameters.get('username') && password === parameters.get('password'),
  );
}

const everyAccess = ['pull', 'push', 'delete'] as const;

function needsOf(scope: string): Need[] {
  const [, repository = '', wanted = ''] = /^repository:(.+):([^:]*)$/.exec(scope) ?? [];
  const named = wanted.split(',');
  return everyAccess
    .filter((access) => named.includes(access) || named.includes('*'))
    .map((access) => ({ repository, access }));
}

function actions(access: Need['access']): string[] {
  return access === 'push' ? ['pull', 'push'] : [access];
}

function mayDo(user: Pick<User, 'access' | 'repositories'>, need: Need): boolean {
  return (user.repositories?.test(need.repository) ?? true) && (user.access === 'push' || need.access === 'pull');
}

function covers(granted: Need, need: Need): boolean {
  return granted.repository === need.repository && granted.access === need.access;
}
