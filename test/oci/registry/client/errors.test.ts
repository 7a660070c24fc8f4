import { expect, test } from 'vitest';
import { answering, startHttpServer } from '../../../helpers/http-server.ts';
import { testClient } from '../../../helpers/registry-client.ts';

const json = { 'content-type': 'application/json' };
const errors = (...list: { code?: string; message?: string | null; detail?: unknown }[]) =>
  JSON.stringify({ errors: list });

test.each<[number, Record<string, string>, string, { code: string; message: string; hint?: string }]>([
  [
    403,
    json,
    errors({ code: 'DENIED', message: 'requested access is denied', detail: { any: 'thing' } }),
    {
      code: 'REGISTRY_DENIED',
      message: 'docker://HOST/os/example: the registry does not let you pull (DENIED: requested access is denied)',
      hint: 'log in: cosa login HOST',
    },
  ],
  [
    401,
    json,
    errors({ code: 'UNAUTHORIZED', message: 'authentication required' }),
    {
      code: 'REGISTRY_UNAUTHORIZED',
      message:
        'docker://HOST/os/example: the registry wants to know who you are (UNAUTHORIZED: authentication required)',
      hint: 'log in: cosa login HOST',
    },
  ],
  [
    404,
    json,
    errors({ code: 'NAME_UNKNOWN' }, { code: 'MANIFEST_UNKNOWN', message: null }),
    {
      code: 'REGISTRY_NOT_FOUND',
      message: 'docker://HOST/os/example: GET manifests/latest: not there (NAME_UNKNOWN; MANIFEST_UNKNOWN)',
    },
  ],
  [
    400,
    { 'content-type': 'text/html' },
    '<html><body>nginx</body></html>',
    {
      code: 'REGISTRY_FAILED',
      message: 'docker://HOST/os/example: GET manifests/latest: the registry answers with status 400',
    },
  ],
  [
    405,
    { 'content-type': 'text/plain; charset=utf-8' },
    'not\nhere\u001b[2J',
    {
      code: 'REGISTRY_FAILED',
      message: 'docker://HOST/os/example: GET manifests/latest: the registry answers with status 405 (not here [2J)',
    },
  ],
  [
    501,
    json,
    '{"message":"never"}',
    {
      code: 'REGISTRY_FAILED',
      message: 'docker://HOST/os/example: GET manifests/latest: the registry answers with status 501 (never)',
    },
  ],
  [
    418,
    json,
    errors({ message: `long ${'x'.repeat(1000)}` }),
    {
      code: 'REGISTRY_FAILED',
      message: `docker://HOST/os/example: GET manifests/latest: the registry answers with status 418 (long ${'x'.repeat(295)}…)`,
    },
  ],
  [
    418,
    json,
    errors({ message: 'x'.repeat(100_000) }),
    {
      code: 'REGISTRY_FAILED',
      message: 'docker://HOST/os/example: GET manifests/latest: the registry answers with status 418',
    },
  ],
  [
    418,
    json,
    '{"errors":"none',
    {
      code: 'REGISTRY_FAILED',
      message: 'docker://HOST/os/example: GET manifests/latest: the registry answers with status 418',
    },
  ],
])('status %i is not tried again, and says what the registry says', async (status, headers, body, expected) => {
  await using server = await startHttpServer(answering(status, headers, body));
  await using registry = testClient(server.host);
  const named = Object.fromEntries(
    Object.entries(expected).map(([key, text]) => [key, text.replace('HOST', server.host)]),
  );
  await expect(registry.get()).rejects.toMatchObject({ ...named, exitStatus: 1 });
  expect(server.requests.map(({ url }) => url)).toEqual(['/v2/', '/v2/os/example/manifests/latest']);
  expect(registry.waits).toEqual([]);
});

test.each([
  [500, 'REGISTRY_UNAVAILABLE', 'GET manifests/latest: the registry answers with status 500 (UNKNOWN: not now)'],
  [503, 'REGISTRY_UNAVAILABLE', 'GET manifests/latest: the registry answers with status 503 (UNKNOWN: not now)'],
  [429, 'REGISTRY_RATE_LIMIT', 'the registry is asked too often (UNKNOWN: not now)'],
])('status %i is tried five times', async (status, code, message) => {
  await using server = await startHttpServer(
    answering(status, { ...json, 'retry-after': '17' }, errors({ code: 'UNKNOWN', message: 'not now' })),
  );
  await using registry = testClient(server.host);
  const failure = { code, message: `docker://${server.host}/os/example: ${message}` };
  await expect(registry.get()).rejects.toMatchObject(failure);
  expect(server.requests).toHaveLength(1 + 5);
  expect(registry.waits).toEqual([17_000, 17_000, 17_000, 17_000]);
  expect(registry.warnings[0]).toBe(`${failure.message}; attempt 2 of 5 in 17.0 s`);
});

test.each([
  [400, 'MANIFEST_REFUSED', 'the registry refuses it with status 400 (MANIFEST_BLOB_UNKNOWN: unknown)'],
  [404, 'MANIFEST_REFUSED', 'the registry refuses it with status 404 (MANIFEST_BLOB_UNKNOWN: unknown)'],
  [413, 'MANIFEST_REFUSED', 'the registry refuses it with status 413 (MANIFEST_BLOB_UNKNOWN: unknown)'],
  [405, 'REGISTRY_FAILED', 'the registry answers with status 405 (MANIFEST_BLOB_UNKNOWN: unknown)'],
  [501, 'REGISTRY_FAILED', 'the registry answers with status 501 (MANIFEST_BLOB_UNKNOWN: unknown)'],
  [307, 'REGISTRY_FAILED', undefined],
])('a manifest that is not taken, %i, is %s', async (status, code, said) => {
  const location = status === 307 ? { location: 'http://' } : {};
  await using server = await startHttpServer(
    answering(status, { ...json, ...location }, errors({ code: 'MANIFEST_BLOB_UNKNOWN', message: 'unknown' })),
  );
  await using registry = testClient(server.host);
  const scopes = [{ repository: 'os/example', access: 'push' as const }];
  const put = { method: 'PUT' as const, path: 'os/example/manifests/latest', scopes, accept: [201] };
  await expect(
    registry.client.request({ ...put, body: Buffer.from('{}'), refusalCode: 'MANIFEST_REFUSED' }),
  ).rejects.toMatchObject({
    code,
    message:
      said === undefined
        ? `registry ${server.host}: it redirects to no address`
        : `docker://${server.host}/os/example: PUT manifests/latest: ${said}`,
    exitStatus: 1,
  });
});

test('what storage refuses is no refusal of the registry', async () => {
  await using storage = await startHttpServer((_request, response) => response.writeHead(400).end());
  await using server = await startHttpServer(answering(307, { location: `http://${storage.host}/` }));
  await using registry = testClient(server.host);
  const scopes = [{ repository: 'os/example', access: 'push' as const }];
  const put = { method: 'PUT' as const, path: 'os/example/manifests/latest', scopes, accept: [201] };
  await expect(registry.client.request({ ...put, refusalCode: 'MANIFEST_REFUSED' })).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: `docker://${server.host}/os/example: PUT manifests/latest: ${storage.host} answers with status 400`,
  });
});

test('a request whose caller counts the attempts is sent once', async () => {
  await using server = await startHttpServer(answering(500));
  await using registry = testClient(server.host);
  const scopes = [{ repository: 'os/example', access: 'push' as const }];
  const patch = registry.client.request({ method: 'PATCH', path: 'os/example/x', scopes, accept: [202], retry: false });
  await expect(patch).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  expect(server.requests).toHaveLength(2);
});

test('a server without /v2/ is no registry', async () => {
  await using server = await startHttpServer((_request, response) => response.writeHead(404).end('no'));
  await using registry = testClient(server.host);
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: `registry ${server.host}: the server is no container registry: it has no /v2/`,
    hint: 'check the host and the port',
  });
});

test('a ping that fails is sent again for the next request', async () => {
  let isUp = false;
  await using server = await startHttpServer((_request, response) => response.writeHead(isUp ? 200 : 400).end());
  await using registry = testClient(server.host);
  await expect(registry.get()).rejects.toMatchObject({
    message: `registry ${server.host}: GET /v2/: the server answers with status 400`,
  });
  isUp = true;
  await (await registry.get()).discard();
});

test('one ping is enough for requests that begin together', async () => {
  await using server = await startHttpServer(answering(200));
  await using registry = testClient(server.host);
  await Promise.all(Array.from({ length: 20 }, async () => (await registry.get()).discard()));
  expect(server.requests.filter(({ url }) => url === '/v2/')).toHaveLength(1);
});

test('an answer that is too large is not read', async () => {
  await using server = await startHttpServer(answering(200, {}, 'x'.repeat(2000)));
  await using registry = testClient(server.host);
  expect((await (await registry.get()).bytes(2000)).toString()).toBe('x'.repeat(2000));
  await expect((await registry.get()).bytes(1999)).rejects.toMatchObject({
    code: 'REGISTRY_ANSWER_TOO_LARGE',
    message: `${server.host} answers with more than 1999 bytes`,
    exitStatus: 4,
  });
});

test('neither is one that does not say how large it is', async () => {
  await using server = await startHttpServer(({ url }, response) => {
    for (let part = 0; url !== '/v2/' && part < 3; part += 1) response.write('x'.repeat(1000));
    response.end();
  });
  await using registry = testClient(server.host);
  await expect((await registry.get()).bytes(1999)).rejects.toMatchObject({ code: 'REGISTRY_ANSWER_TOO_LARGE' });
});

test('a repeated header is one list', async () => {
  await using server = await startHttpServer((_request, response) => {
    response.setHeader('Link', ['<a>; rel="next"', '<b>; rel="last"']).end();
  });
  await using registry = testClient(server.host);
  const answer = await registry.get();
  expect(answer.header('link')).toBe('<a>; rel="next", <b>; rel="last"');
  expect(answer.header('x-other')).toBeUndefined();
  await answer.discard();
});
