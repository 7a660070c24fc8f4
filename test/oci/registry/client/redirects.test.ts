import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { answering, startHttpServer } from '../../../helpers/http-server.ts';
import { testClient } from '../../../helpers/registry-client.ts';

const credentials = async () => ({ username: 'builder', password: 'secret' });

/** A registry that demands a password, and sends those who have it somewhere else. */
function redirecting(location: (url: string) => string | undefined, status = 307) {
  return ({ url = '', headers }: IncomingMessage, response: ServerResponse): void => {
    const to = location(url);
    if (headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="a"' }).end();
    else if (to === undefined) response.end('here');
    else response.writeHead(status, { location: to }).end('elsewhere');
  };
}

test.each([301, 302, 303, 307, 308])('follows %i to storage, without what it knows of us', async (status) => {
  await using storage = await startHttpServer((_request, response) => response.end('content'));
  await using server = await startHttpServer(redirecting(() => `http://${storage.host}/bucket?signature=x`, status));
  await using registry = testClient(server.host, { credentials });
  const answer = await registry.client.request({
    method: 'GET',
    path: 'os/example/blobs/sha256:0',
    scopes: [{ repository: 'os/example', access: 'pull' }],
    headers: { range: 'bytes=5-' },
    accept: [200],
  });
  expect((await answer.bytes(100)).toString()).toBe('content');
  expect(answer.url.href).toBe(`http://${storage.host}/bucket?signature=x`);
  expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
  expect(storage.requests).toHaveLength(1);
  expect(storage.requests[0]?.headers).toMatchObject({ range: 'bytes=5-' });
  expect(storage.requests[0]?.headers).not.toHaveProperty('authorization');
});

test('stays who it is within the registry, relative addresses included', async () => {
  await using server = await startHttpServer(redirecting((url) => (url.endsWith('/latest') ? '../other' : undefined)));
  await using registry = testClient(server.host, { credentials });
  expect((await (await registry.get()).bytes(100)).toString()).toBe('here');
  expect(server.requests.at(-1)).toMatchObject({
    url: '/v2/os/example/other',
    headers: { authorization: expect.stringMatching(/^Basic /) },
  });
});

test('tells nobody who it is after a way over another host, not even the registry', async () => {
  await using storage = await startHttpServer((_request, response) => {
    response.writeHead(302, { location: `http://${server.host}/back` }).end();
  });
  await using server = await startHttpServer(
    redirecting((url) => (url === '/back' ? undefined : `http://${storage.host}/`)),
  );
  await using registry = testClient(server.host, { credentials });
  await expect(registry.get()).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
  const returned = server.requests.filter(({ url }) => url === '/back');
  expect(returned.length).toBeGreaterThan(0);
  for (const { headers } of returned) expect(headers).not.toHaveProperty('authorization');
});

test('another host cannot demand credentials', async () => {
  const demand = { 'www-authenticate': 'Basic realm="elsewhere"' };
  await using elsewhere = await startHttpServer((_request, response) => response.writeHead(401, demand).end());
  await using server = await startHttpServer((_request, response) => {
    response.writeHead(307, { location: `http://${elsewhere.host}/` }).end();
  });
  let lookups = 0;
  await using registry = testClient(server.host, {
    credentials: async () => {
      lookups += 1;
      return credentials();
    },
  });
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: `docker://${server.host}/os/example: GET manifests/latest: ${elsewhere.host} answers with status 401`,
  });
  expect(lookups).toBe(0);
});

test('a user and password in an address are not sent', async () => {
  await using storage = await startHttpServer((_request, response) => response.end('content'));
  await using server = await startHttpServer(redirecting(() => `http://us:er@${storage.host}/`));
  await using registry = testClient(server.host, { credentials });
  await (await registry.get()).discard();
  expect(storage.requests[0]?.headers).not.toHaveProperty('authorization');
});

test('an upload that the registry keeps elsewhere is sent there without authorization', async () => {
  await using storage = await startHttpServer((request, response) => {
    request.resume();
    response.writeHead(202).end();
  });
  await using server = await startHttpServer(redirecting(() => undefined));
  await using registry = testClient(server.host, { credentials });
  const answer = await registry.client.request({
    method: 'PATCH',
    path: new URL(`http://${storage.host}/upload?state=x`),
    scopes: [{ repository: 'os/example', access: 'push' }],
    body: Buffer.from('bytes'),
    accept: [202],
  });
  await answer.discard();
  expect(storage.requests[0]?.headers).not.toHaveProperty('authorization');
});

test.each([301, 302, 303])('writing follows no redirect that would make it reading: %i', async (status) => {
  await using storage = await startHttpServer(answering(200));
  await using server = await startHttpServer(
    redirecting((url) => (url === '/v2/' ? undefined : `http://${storage.host}/`), status),
  );
  await using registry = testClient(server.host, { credentials });
  const scopes = [{ repository: 'os/example', access: 'push' as const }];
  const put = { method: 'PUT' as const, path: 'os/example/manifests/latest', scopes, accept: [201] };
  await expect(registry.client.request({ ...put, body: Buffer.from('{}') })).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: `docker://${server.host}/os/example: PUT manifests/latest: the registry answers with status ${status}`,
  });
  expect(storage.requests).toEqual([]);
});

test.each([
  ['in a circle', '/v2/os/example/manifests/latest', 'it redirects more than 5 times'],
  ['to nowhere', 'http://', 'it redirects to no address'],
  ['to a file', 'file:///etc/shadow', 'it redirects to what is not HTTP'],
  ['to a host without TLS', 'http://storage.example.com/', 'it redirects away from TLS, to http://storage.example.com'],
])('goes no further %s', async (_where, location, message) => {
  await using server = await startHttpServer(redirecting((url) => (url === '/v2/' ? undefined : location)));
  await using registry = testClient(server.host, { credentials });
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: `registry ${server.host}: ${message}`,
    hint: "that is for the registry's administrator to set right",
  });
});

test('what storage refuses is not what the registry refuses', async () => {
  await using storage = await startHttpServer((_request, response) => response.writeHead(403).end('expired'));
  await using server = await startHttpServer(redirecting(() => `http://${storage.host}/?signature=secret`));
  await using registry = testClient(server.host, { credentials });
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: `docker://${server.host}/os/example: GET manifests/latest: ${storage.host} answers with status 403`,
  });
});

test('no identity token goes to where a token service redirects', async () => {
  await using other = await startHttpServer((_request, response) => response.end('{"token": "good"}'));
  await using tokens = await startHttpServer((_request, response) => {
    response.writeHead(307, { location: `http://${other.host}/token` }).end();
  });
  await using server = await startHttpServer((_request, response) => {
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${tokens.host}/token"` }).end();
  });
  await using registry = testClient(server.host, { credentials: async () => ({ identityToken: 'identity' }) });
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: `registry ${server.host}: it redirects to ${other.host} what says who we are`,
  });
  expect(other.requests).toEqual([]);
});
