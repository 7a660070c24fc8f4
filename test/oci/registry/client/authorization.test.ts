import { expect, test } from 'vitest';
import type { Credentials } from '../../../../src/oci/credentials.ts';
import { type HttpServer, startHttpServer } from '../../../helpers/http-server.ts';
import { type TestClient, testClient } from '../../../helpers/registry-client.ts';
import { requestsOf } from '../../../helpers/testing-registry/log.ts';
import { startTestingRegistry } from '../../../helpers/testing-registry.ts';

const builder: Credentials = { username: 'builder', password: 'correct horse: battery' };
const users = [{ name: 'builder', password: 'correct horse: battery', access: 'push' as const }];
const pull = [{ repository: 'os/example', access: 'pull' as const }];
const push = [{ repository: 'os/example', access: 'push' as const }];

/** A missing manifest: an answer that only those get who may look. */
async function look(registry: TestClient, scopes: typeof pull | typeof push = pull): Promise<number> {
  const path = 'os/example/manifests/latest';
  const answer = await registry.client.request({ method: 'HEAD', path, scopes, accept: [404] });
  await answer.discard();
  return answer.status;
}

test('basic: credentials are sent, from the first request on', async () => {
  await using server = await startTestingRegistry({ authentication: { kind: 'basic', users } });
  await using registry = testClient(server.host, { credentials: async () => builder });
  expect(await look(registry)).toBe(404);
  expect(server.log.map(({ path, status }) => [path, status])).toEqual([
    ['/v2/', 401],
    ['/v2/os/example/manifests/latest', 404],
  ]);
});

test.each(['basic', 'bearer'] as const)('%s: without credentials, and with wrong ones', async (kind) => {
  await using server = await startTestingRegistry({ authentication: { kind, users } });
  await using nobody = testClient(server.host);
  await expect(look(nobody)).rejects.toMatchObject({
    code: 'REGISTRY_UNAUTHORIZED',
    message: expect.stringContaining(`docker://${server.host}/os/example: the registry wants to know who you are`),
    hint: `log in: cosa login ${server.host}`,
  });
  const wrong = { username: 'builder', password: 'swordfish' };
  await using stranger = testClient(server.host, { credentials: async () => wrong });
  await expect(look(stranger)).rejects.toMatchObject({
    code: 'REGISTRY_UNAUTHORIZED',
    message: expect.stringContaining(`docker://${server.host}/os/example: the registry does not accept who you are`),
    hint: `log in again: cosa login ${server.host}`,
  });
  expect(stranger.waits).toEqual([]);
});

test('a registry that demands nothing is not told who asks, and nobody looks for credentials', async () => {
  await using server = await startTestingRegistry();
  await using registry = testClient(server.host, {
    credentials: async () => {
      throw new Error('nobody asked for them');
    },
  });
  expect(await look(registry)).toBe(404);
  expect(server.log.every(({ headers }) => headers.authorization === undefined)).toBe(true);
});

test('bearer: one token serves many requests that begin together, and less than it was asked for', async () => {
  await using server = await startTestingRegistry({ authentication: { kind: 'bearer', users } });
  await using registry = testClient(server.host, { credentials: async () => builder });
  await Promise.all(Array.from({ length: 20 }, () => look(registry, push)));
  await Promise.all(Array.from({ length: 20 }, () => look(registry, pull)));
  expect(requestsOf(server.log, { path: /token/ })).toHaveLength(1);
  expect(requestsOf(server.log, { path: /manifests/ })).toHaveLength(40);
  expect(requestsOf(server.log, { path: /manifests/ }).every(({ status }) => status === 404)).toBe(true);
});

test('bearer: a token that is no longer good is renewed, once for all who find out', async () => {
  await using server = await startTestingRegistry({ authentication: { kind: 'bearer', users } });
  await using registry = testClient(server.host, { credentials: async () => builder });
  await look(registry);
  server.revokeTokens();
  await Promise.all(Array.from({ length: 5 }, () => look(registry)));
  expect(requestsOf(server.log, { path: /token/ })).toHaveLength(2);
});

test('bearer: when all tokens are no longer good, none of them is sent in place of another', async () => {
  await using server = await startTestingRegistry({ authentication: { kind: 'bearer', users } });
  await using registry = testClient(server.host, { credentials: async () => builder });
  await look(registry, pull);
  await look(registry, push);
  server.revokeTokens();
  expect(await look(registry, pull)).toBe(404);
});

test('bearer: a password that is right, for one who may not', async () => {
  const reader = [{ name: 'builder', password: 'correct horse: battery', access: 'pull' as const }];
  await using server = await startTestingRegistry({ authentication: { kind: 'bearer', users: reader } });
  await using registry = testClient(server.host, { credentials: async () => builder });
  const put = { method: 'POST' as const, path: 'os/example/blobs/uploads/', scopes: push, accept: [202] };
  await expect(registry.client.request(put)).rejects.toMatchObject({
    code: 'REGISTRY_DENIED',
    message: expect.stringContaining(`docker://${server.host}/os/example: the registry does not let you push (`),
    hint: `ask for the right to push, or log in as somebody who has it: cosa login ${server.host}`,
  });
});

test('bearer: a token that has ended is not sent', async () => {
  await using server = await startTestingRegistry({ authentication: { kind: 'bearer', users, expiresIn: 0 } });
  await using registry = testClient(server.host, { credentials: async () => builder });
  await look(registry);
  await look(registry);
  expect(requestsOf(server.log, { path: /token/ })).toHaveLength(2);
  expect(requestsOf(server.log, { path: /manifests/ }).every(({ status }) => status === 404)).toBe(true);
});

test('a registry that refuses everything is asked twice', async () => {
  await using server = await startTestingRegistry({ authentication: { kind: 'bearer', users } });
  await using registry = testClient(server.host, { credentials: async () => builder });
  await look(registry);
  server.log.length = 0;
  const challenge = { 'WWW-Authenticate': `Bearer realm="${server.address}/token",scope="repository:os/example:pull"` };
  const fault = { kind: 'status' as const, status: 401, code: 'UNAUTHORIZED', headers: challenge };
  server.inject({ match: { path: /manifests/ }, fault, times: Number.POSITIVE_INFINITY });
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_UNAUTHORIZED',
    message: expect.stringContaining('the registry does not accept who you are (UNAUTHORIZED'),
  });
  expect(requestsOf(server.log, { path: /manifests/ })).toHaveLength(2);
});

test('what is forbidden is said, with what was wanted', async () => {
  const reader = [{ name: 'builder', password: 'correct horse: battery', access: 'pull' as const }];
  await using server = await startTestingRegistry({ authentication: { kind: 'basic', users: reader } });
  await using registry = testClient(server.host, { credentials: async () => builder });
  const put = { method: 'POST' as const, path: 'os/example/blobs/uploads/', scopes: push, accept: [202] };
  await expect(registry.client.request(put)).rejects.toMatchObject({
    code: 'REGISTRY_DENIED',
    message: expect.stringContaining(`docker://${server.host}/os/example: the registry does not let you push (DENIED`),
    hint: `ask for the right to push, or log in as somebody who has it: cosa login ${server.host}`,
  });
});

test('a registry with tokens may say that with 401: who is known is denied, others have to log in', async () => {
  const challenge = 'service="registry",scope="repository:os/example:pull",error="insufficient_scope"';
  await using servers = await startPair(() => ({ json: { token: 'limited' } }), challenge);
  const { host } = servers.registry;
  await using known = testClient(host, { credentials: async () => builder });
  await expect(known.get()).rejects.toMatchObject({
    code: 'REGISTRY_DENIED',
    message: `docker://${host}/os/example: the registry does not let you pull`,
  });
  await using unknown = testClient(host);
  await expect(unknown.get()).rejects.toMatchObject({
    code: 'REGISTRY_UNAUTHORIZED',
    hint: `log in: cosa login ${host}`,
  });
});

/** A registry whose token service is another server. */
async function startPair(
  answer: (request: { url: string; body: string }) => { status?: number; json: unknown },
  challenge = 'service="the registry",scope="repository:os/example:pull"',
): Promise<{ registry: HttpServer; tokens: HttpServer; asked: { url: string; body: string }[] } & AsyncDisposable> {
  const asked: { url: string; body: string }[] = [];
  const tokens = await startHttpServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      asked.push({ url: request.url ?? '', body });
      const { status = 200, json } = answer({ url: request.url ?? '', body });
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    });
  });
  const registry = await startHttpServer(({ headers }, response) => {
    if (headers.authorization === 'Bearer good') response.end();
    else
      response
        .writeHead(401, { 'www-authenticate': `Bearer realm="http://${tokens.host}/auth?a=b",${challenge}` })
        .end();
  });
  return {
    registry,
    tokens,
    asked,
    [Symbol.asyncDispose]: async () => {
      await registry[Symbol.asyncDispose]();
      await tokens[Symbol.asyncDispose]();
    },
  };
}

test('a password goes to the token service with GET, and the token alone to the registry', async () => {
  await using servers = await startPair(() => ({ json: { token: 'good' } }));
  await using registry = testClient(servers.registry.host, { credentials: async () => builder });
  await (await registry.get()).discard();
  expect(servers.asked).toEqual([
    { url: '/auth?a=b&service=the+registry&account=builder&scope=repository%3Aos%2Fexample%3Apull', body: '' },
  ]);
  const basic = Buffer.from('builder:correct horse: battery').toString('base64');
  expect(servers.tokens.requests[0]?.headers.authorization).toBe(`Basic ${basic}`);
  expect(servers.registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer good']);
});

test('an identity token goes with POST; the answer may call it access_token', async () => {
  await using servers = await startPair(() => ({ json: { access_token: 'good', expires_in: 300 } }));
  await using registry = testClient(servers.registry.host, {
    credentials: async () => ({ identityToken: 'identity' }),
  });
  await (await registry.get()).discard();
  const form = 'grant_type=refresh_token&client_id=cosa&refresh_token=identity';
  const scope = 'service=the+registry&scope=repository%3Aos%2Fexample%3Apull';
  expect(servers.asked).toEqual([{ url: '/auth?a=b', body: `${form}&${scope}` }]);
});

test.each<[string, object]>([
  ['an empty name beside it', { token: '', access_token: 'good' }],
  ['null beside it', { token: null, access_token: 'good', expires_in: null }],
  ['the other way round', { token: 'good', access_token: null }],
  ['another type beside it', { token: 7, access_token: 'good', expires_in: '300' }],
])('a token is taken with %s', async (_what, json) => {
  await using servers = await startPair(() => ({ json }));
  await using registry = testClient(servers.registry.host);
  await (await registry.get()).discard();
  await (await registry.get()).discard();
  expect(servers.registry.requests.at(-1)?.headers.authorization).toBe('Bearer good');
  expect(servers.asked).toHaveLength(1);
});

test('a mount asks for both repositories at once', async () => {
  await using servers = await startPair(() => ({ json: { token: 'good' } }));
  await using registry = testClient(servers.registry.host);
  const scopes = [...push, { repository: 'os/base', access: 'pull' as const }];
  await (await registry.client.request({ method: 'POST', path: 'os/example/x', scopes, accept: [200] })).discard();
  expect(new URL(servers.asked[0]?.url ?? '', 'http://tokens').searchParams.getAll('scope')).toEqual([
    'repository:os/base:pull',
    'repository:os/example:pull,push',
  ]);
});

test.each([
  [
    { status: 401, json: { details: 'incorrect username or password' } },
    'REGISTRY_UNAUTHORIZED',
    'the registry does not accept who you are (incorrect username or password)',
  ],
  [
    { status: 403, json: { errors: [{ code: 'DENIED' }] } },
    'REGISTRY_DENIED',
    'the registry does not let you pull (DENIED)',
  ],
  [
    { status: 400, json: { error: 'invalid_scope' } },
    'REGISTRY_FAILED',
    'token: TOKENS answers with status 400 (invalid_scope)',
  ],
])('the token service refuses: %j', async (answer, code, message) => {
  await using servers = await startPair(() => answer);
  await using registry = testClient(servers.registry.host, { credentials: async () => builder });
  await expect(registry.get()).rejects.toMatchObject({
    code,
    message: `docker://${servers.registry.host}/os/example: ${message.replace('TOKENS', servers.tokens.host)}`,
  });
  expect(servers.asked).toHaveLength(1);
});

test('a token service that fails for a while is asked again', async () => {
  let failures = 2;
  await using servers = await startPair(() => {
    failures -= 1;
    return failures >= 0 ? { status: 503, json: {} } : { json: { token: 'good' } };
  });
  await using registry = testClient(servers.registry.host);
  await (await registry.get()).discard();
  expect(registry.waits).toHaveLength(2);
});

test.each([{}, { token: '' }, { token: 'with a space' }, { token: 'line\nbreak' }, { token: 7 }, [], 'text'])(
  'an answer without a token that a header could have: %j',
  async (json) => {
    await using servers = await startPair(() => ({ json }));
    await using registry = testClient(servers.registry.host);
    await expect(registry.get()).rejects.toMatchObject({
      code: 'REGISTRY_FAILED',
      message: `registry ${servers.registry.host}: its token service ${servers.tokens.host} gives no token`,
    });
  },
);

test.each([
  ['Bearer service="a"', 'it names no token service'],
  ['Bearer realm="http://auth.example.com/token"', 'its token service auth.example.com has no TLS'],
  ['Bearer realm="file:///etc/passwd"', 'it names no token service'],
])('a challenge that leads nowhere safe: %s', async (challenge, message) => {
  await using server = await startHttpServer((_request, response) => {
    response.writeHead(401, { 'www-authenticate': challenge }).end();
  });
  await using registry = testClient(server.host, { credentials: async () => builder });
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: `registry ${server.host}: ${message}`,
    hint: "that is for the registry's administrator to set right",
  });
});

test('secrets that a server sends back stay out of the error', async () => {
  const basic = Buffer.from('builder:correct horse: battery').toString('base64');
  await using server = await startHttpServer(({ url, headers }, response) => {
    if (url === '/v2/') response.writeHead(401, { 'www-authenticate': 'Basic realm="all"' }).end();
    else {
      const message = `you sent ${headers.authorization}, that is correct horse: battery`;
      response.writeHead(403).end(JSON.stringify({ errors: [{ code: 'DENIED', message }] }));
    }
  });
  await using registry = testClient(server.host, { credentials: async () => builder });
  const error: unknown = await registry.get().catch((failure: unknown) => failure);
  expect(error).toMatchObject({ message: expect.stringContaining('(DENIED: you sent Basic ***, that is ***)') });
  expect(JSON.stringify(error)).not.toContain(basic);
});

test('many requests with one signal bring no warning', async () => {
  const warnings: string[] = [];
  const warned = (warning: Error) => void warnings.push(warning.message);
  process.on('warning', warned);
  await using server = await startHttpServer((_request, response) => response.end());
  await using registry = testClient(server.host);
  const { signal } = new AbortController();
  const request = { method: 'GET' as const, path: 'os/example/x', scopes: pull, accept: [200], signal };
  await Promise.all(Array.from({ length: 40 }, async () => (await registry.client.request(request)).discard()));
  process.off('warning', warned);
  expect(warnings).toEqual([]);
});
