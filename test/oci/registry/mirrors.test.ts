import { expect, test } from 'vitest';
import type { RegistryClient, RegistryRequest } from '../../../src/oci/registry/client.ts';
import { mirroredClient, type PullSource } from '../../../src/oci/registry/mirrors.ts';
import { type HttpServer, startHttpServer } from '../../helpers/http-server.ts';
import { type TestClient, testClient } from '../../helpers/registry-client.ts';

const digest = `sha256:${'0'.repeat(64)}`;

/** A registry, and two mirrors with the repository `cache/example`. */
interface Scene extends AsyncDisposable {
  client: RegistryClient;
  registry: HttpServer;
  near: HttpServer;
  far: HttpServer;
  warnings: string[];
  /** Who was asked what, without pings; emptied by asking. */
  asked(): string[];
}

/** What each server answers: a status for every path. */
async function scene(
  answers: { registry?: number; near?: number; far?: number },
  pull: { near?: PullSource['pull']; far?: PullSource['pull'] } = {},
): Promise<Scene> {
  const log: string[] = [];
  const names = ['registry', 'near', 'far'] as const;
  const servers: HttpServer[] = [];
  const clients: TestClient[] = [];
  for (const name of names) {
    const server = await startHttpServer(({ method, url }, response) => {
      if (url !== '/v2/') log.push(`${name} ${method} ${url?.replace('/v2/', '')}`);
      response.writeHead(url === '/v2/' ? 200 : (answers[name] ?? 200)).end();
    });
    servers.push(server);
    clients.push(testClient(server.host));
  }
  const [registry, near, far] = servers as [HttpServer, HttpServer, HttpServer];
  const [own, ...others] = clients as [TestClient, TestClient, TestClient];
  const warnings: string[] = [];
  const [first, second] = others.map(({ client }) => ({ client, repository: 'cache/example' })) as [
    Omit<PullSource, 'pull'>,
    Omit<PullSource, 'pull'>,
  ];
  const client = mirroredClient(
    own.client,
    'os/example',
    [
      { ...first, pull: pull.near ?? 'all' },
      { ...second, pull: pull.far ?? 'all' },
    ],
    { client: own.client, repository: 'os/example', pull: 'all' },
    (message) => void warnings.push(message),
  );
  return {
    client,
    registry,
    near,
    far,
    warnings,
    asked: () => log.splice(0),
    [Symbol.asyncDispose]: async () => {
      for (const one of [...clients, ...servers]) await one[Symbol.asyncDispose]();
    },
  };
}

async function ask(
  client: RegistryClient,
  part: string,
  change: Partial<RegistryRequest> & { access?: 'pull' | 'push' } = {},
): Promise<number> {
  const { access = 'pull', ...rest } = change;
  const scopes = [{ repository: 'os/example', access }];
  const request = { method: 'GET' as const, path: `os/example/${part}`, scopes, accept: [200, 404], ...rest };
  const answer = await client.request(request);
  await answer.discard();
  return answer.status;
}

test('reads content from the first mirror', async () => {
  await using servers = await scene({});
  expect(servers.client.host).toBe(servers.registry.host);
  await ask(servers.client, 'manifests/latest', { method: 'HEAD' });
  await ask(servers.client, `blobs/${digest}`);
  expect(servers.asked()).toEqual([
    'near HEAD cache/example/manifests/latest',
    `near GET cache/example/blobs/${digest}`,
  ]);
});

test('goes on to the next where something is missing, in the end to the registry', async () => {
  await using servers = await scene({ near: 404, far: 404 });
  expect(await ask(servers.client, 'manifests/latest')).toBe(200);
  expect(servers.asked()).toEqual([
    'near GET cache/example/manifests/latest',
    'far GET cache/example/manifests/latest',
    'registry GET os/example/manifests/latest',
  ]);
  expect(servers.warnings).toEqual([]);
});

test('what nobody has is missing', async () => {
  await using servers = await scene({ near: 404, far: 404, registry: 404 });
  expect(await ask(servers.client, 'manifests/latest')).toBe(404);
  await expect(ask(servers.client, 'manifests/latest', { accept: [200] })).rejects.toMatchObject({
    code: 'REGISTRY_NOT_FOUND',
    message: `docker://${servers.registry.host}/os/example: GET manifests/latest: not there`,
  });
});

test('a mirror that fails is asked once, and left out from then on', async () => {
  await using servers = await scene({ near: 503 });
  await ask(servers.client, 'manifests/latest');
  await ask(servers.client, `blobs/${digest}`);
  expect(servers.asked()).toEqual([
    'near GET cache/example/manifests/latest',
    'far GET cache/example/manifests/latest',
    `far GET cache/example/blobs/${digest}`,
  ]);
  expect(servers.warnings).toEqual([
    `mirror ${servers.near.host} is left out: docker://${servers.near.host}/cache/example: GET manifests/latest: ` +
      'the registry answers with status 503',
  ]);
});

test('mirrors for digests or tags only', async () => {
  await using servers = await scene({ near: 404 }, { near: 'digest-only', far: 'tag-only' });
  await ask(servers.client, 'manifests/latest');
  expect(servers.asked()).toEqual(['far GET cache/example/manifests/latest']);
  await ask(servers.client, `manifests/${digest}`);
  expect(servers.asked()).toEqual([
    `near GET cache/example/manifests/${digest}`,
    `registry GET os/example/manifests/${digest}`,
  ]);
  await ask(servers.client, `blobs/${digest}`);
  expect(servers.asked()).toEqual([`near GET cache/example/blobs/${digest}`, `far GET cache/example/blobs/${digest}`]);
});

test('what is written, what is read for writing, and lists are of the registry itself', async () => {
  await using servers = await scene({});
  await ask(servers.client, 'manifests/latest', { method: 'PUT', access: 'push', body: Buffer.from('{}') });
  await ask(servers.client, 'manifests/latest', { method: 'HEAD', access: 'push' });
  await ask(servers.client, 'tags/list');
  await ask(servers.client, `referrers/${digest}`);
  await ask(servers.client, '', { path: new URL(`http://${servers.registry.host}/v2/os/example/tags/list?last=a`) });
  expect(servers.asked()).toEqual([
    'registry PUT os/example/manifests/latest',
    'registry HEAD os/example/manifests/latest',
    'registry GET os/example/tags/list',
    `registry GET os/example/referrers/${digest}`,
    'registry GET os/example/tags/list?last=a',
  ]);
});

test('an abortion does not count as a failure of the mirror', async () => {
  await using servers = await scene({});
  const reason = new Error('interrupted');
  await expect(ask(servers.client, 'manifests/latest', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(servers.warnings).toEqual([]);
});
