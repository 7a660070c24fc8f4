import { expect, it } from 'vitest';
import { startTestingRegistry, type TestingRegistry } from '../testing-registry.ts';
import { refreshTokenOf, type User } from './authentication.ts';
import { ask } from './client.ts';

const builder: User = { name: 'builder', password: 'pass:word', access: 'push', repositories: /^os\// };
const reader: User = { name: 'reader', password: 'letmein', access: 'pull' };
const users = [builder, reader];

function basic({ name, password }: User): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

async function tokenFor(registry: TestingRegistry, scope: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${registry.address}/token?service=any&scope=${scope}`, { headers });
  return ((await response.json()) as { token: string }).token;
}

it('asks for a name and a password, and knows who may do what', async () => {
  await using registry = await startTestingRegistry({ authentication: { kind: 'basic', users } });
  const status = async (path: string, method: string, headers: Record<string, string>) =>
    (await ask(registry, path, { method, headers })).status;
  const anonymous = await ask(registry, '');
  expect([anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([
    401,
    'Basic realm="testing registry"',
  ]);
  expect(await status('', 'GET', basic({ ...reader, password: 'wrong' }))).toBe(401);
  expect(await status('', 'GET', basic(reader))).toBe(200);
  expect(await status('os/example/blobs/uploads/', 'POST', basic(reader))).toBe(403);
  expect(await status('os/example/blobs/uploads/', 'POST', basic(builder))).toBe(202);
  expect(await status('other/blobs/uploads/', 'POST', basic(builder))).toBe(403);
});

it('gives tokens for what a user may do, and takes them for nothing else', async () => {
  await using registry = await startTestingRegistry({ authentication: { kind: 'bearer', users } });
  const refused = await ask(registry, 'os/example/blobs/uploads/?mount=x&from=os/other', { method: 'POST' });
  expect(refused.headers.get('www-authenticate')).toBe(
    `Bearer realm="${registry.address}/token",service="${registry.host}",scope="repository:os/example:pull,push repository:os/other:pull"`,
  );
  const push = 'repository:os/example:pull,push';
  const begin = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return ask(registry, 'os/example/blobs/uploads/', { method: 'POST', headers });
  };
  expect((await begin(await tokenFor(registry, push, basic(builder)))).status).toBe(202);
  const insufficient = await begin(await tokenFor(registry, push, basic(reader)));
  expect([insufficient.status, insufficient.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringContaining('error="insufficient_scope"'),
  ]);
  expect((await fetch(`${registry.address}/token?scope=${push}`)).status).toBe(401);
});

it('lets tokens expire after so many requests, or at once', async () => {
  await using registry = await startTestingRegistry({
    authentication: { kind: 'bearer', users: [], anonymous: 'pull', requestsPerToken: 2, expiresIn: 60 },
  });
  const list = async (token: string) =>
    (await ask(registry, 'os/tags/list', { headers: { authorization: `Bearer ${token}` } })).status;
  const token = await tokenFor(registry, 'repository:os:pull', {});
  expect([await list(token), await list(token), await list(token)]).toEqual([404, 404, 401]);
  const other = await tokenFor(registry, 'repository:os:pull', {});
  registry.revokeTokens();
  expect(await list(other)).toBe(401);
});

it('takes identity tokens', async () => {
  await using registry = await startTestingRegistry({ authentication: { kind: 'bearer', users } });
  const post = (parameters: Record<string, string>) =>
    fetch(`${registry.address}/token`, { method: 'POST', body: new URLSearchParams(parameters) });
  const password = await post({
    grant_type: 'password',
    username: reader.name,
    password: reader.password,
    access_type: 'offline',
  });
  expect(await password.json()).toMatchObject({ refresh_token: refreshTokenOf(reader) });
  const refreshed = await post({ grant_type: 'refresh_token', refresh_token: refreshTokenOf(reader) });
  expect(await refreshed.json()).toEqual({ access_token: expect.any(String) });
  expect((await post({ grant_type: 'refresh_token', refresh_token: 'other' })).status).toBe(401);
});
