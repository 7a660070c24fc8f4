import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { answering, startHttpServer } from '../../../helpers/http-server.ts';
import { testClient } from '../../../helpers/registry-client.ts';
import { startTestingRegistry } from '../../../helpers/testing-registry.ts';

/** A server of bytes, not of HTTP. */
async function startSocketServer(listener: (socket: Socket) => void): Promise<AsyncDisposable & { host: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    listener(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

test('a host that nobody knows', async () => {
  // Longer than a name's part may be: no name server is asked.
  const name = `${'a'.repeat(64)}.test`;
  const host = `${name}:5000`;
  await using registry = testClient(host);
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_UNKNOWN_HOST',
    message: `registry ${host}: the host name is not known`,
    hint: `check the spelling, and the network: getent hosts ${name}`,
    exitStatus: 1,
  });
  expect(registry.waits).toEqual([]);
});

test('a port where nothing listens', async () => {
  const server = await startHttpServer(answering(200));
  await server[Symbol.asyncDispose]();
  await using registry = testClient(server.host);
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_REFUSED',
    message: `registry ${server.host}: the connection is refused`,
    hint: 'check that it is running, and its port',
  });
});

test('a server that speaks something else', async () => {
  await using server = await startSocketServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2p1\r\n'));
  await using registry = testClient(server.host);
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: `registry ${server.host}: the server speaks no HTTP that cosa understands`,
    hint: 'check the port, and whether the server wants TLS',
  });
});

test('a server that closes every connection', async () => {
  await using server = await startSocketServer((socket) => socket.destroy());
  await using registry = testClient(server.host);
  await expect(registry.get()).rejects.toMatchObject({
    code: 'REGISTRY_INTERRUPTED',
    message: `registry ${server.host}: the connection broke`,
  });
  expect(registry.waits).toHaveLength(4);
});

test('a server that never answers', async () => {
  await using server = await startHttpServer(({ url }, response) => void (url === '/v2/' && response.end()));
  await using registry = testClient(server.host, { timeouts: { connect: 15_000, idle: 50 } });
  const scopes = [{ repository: 'os/example', access: 'pull' as const }];
  const request = { method: 'GET' as const, path: 'os/example/x', scopes, accept: [200], retry: false };
  await expect(registry.client.request(request)).rejects.toMatchObject({
    code: 'REGISTRY_TIMEOUT',
    message: `registry ${server.host}: nothing came for too long`,
    hint: 'check the network, and a proxy in between',
  });
});

test('resets are tried again', async () => {
  await using server = await startTestingRegistry();
  await using registry = testClient(server.host);
  server.inject({ match: { path: /^\/v2\/$/ }, fault: { kind: 'reset', afterBytes: 0 }, times: 2 });
  server.inject({ match: { path: /latest/ }, fault: { kind: 'reset', afterBytes: 0 }, times: 2 });
  await expect(registry.get()).rejects.toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
  expect(registry.waits).toHaveLength(4);
});

test.each(['reset', 'truncate', 'hang'] as const)('a body that ends too early throws: %s', async (kind) => {
  await using server = await startTestingRegistry();
  await using registry = testClient(server.host, { timeouts: { connect: 15_000, idle: 50 } });
  server.inject({ match: { path: /latest/ }, fault: { kind, afterBytes: 10 } });
  const scopes = [{ repository: 'os/example', access: 'pull' as const }];
  const path = 'os/example/manifests/latest';
  const answer = await registry.client.request({ method: 'GET', path, scopes, accept: [404] });
  await expect(answer.bytes(10_000)).rejects.toMatchObject({
    code: kind === 'hang' ? 'REGISTRY_TIMEOUT' : 'REGISTRY_INTERRUPTED',
  });
});

test('an abortion ends a request, a wait for others, and a body; the reason comes through', async () => {
  const reason = new Error('interrupted by the user');
  await using server = await startHttpServer(({ url }, response) => {
    if (url === '/v2/') response.end();
    else response.write('begun');
  });
  await using registry = testClient(server.host);
  const scopes = [{ repository: 'os/example', access: 'pull' as const }];
  const early = AbortSignal.abort(reason);
  const request = { method: 'GET' as const, path: 'os/example/x', scopes, accept: [200] };
  await expect(registry.client.request({ ...request, signal: early })).rejects.toBe(reason);
  expect(server.requests).toEqual([]);

  const late = new AbortController();
  const pending = registry.client.request({ ...request, signal: late.signal });
  late.abort(reason);
  await expect(pending).rejects.toBe(reason);

  const during = new AbortController();
  const answer = await registry.client.request({ ...request, signal: during.signal });
  const body = answer.body[Symbol.asyncIterator]();
  expect((await body.next()).value?.toString()).toBe('begun');
  during.abort(reason);
  await expect(body.next()).rejects.toBe(reason);
});

test('what the source of a body throws comes through, and is not tried again', async () => {
  await using server = await startHttpServer((_request, response) => response.end());
  await using registry = testClient(server.host);
  const failure = new Error('layer is gone');
  let opened = 0;
  async function* open(): AsyncGenerator<Uint8Array> {
    opened += 1;
    yield Buffer.from('some');
    throw failure;
  }
  const scopes = [{ repository: 'os/example', access: 'push' as const }];
  const body = { size: 100, open };
  await expect(
    registry.client.request({ method: 'PUT', path: 'os/example/x', scopes, body, accept: [201] }),
  ).rejects.toBe(failure);
  expect(opened).toBe(1);
});

test('a body is sent with its length, and whole again at another attempt', async () => {
  const bodies: string[] = [];
  await using server = await startHttpServer((request, response) => {
    if (request.url === '/v2/') {
      response.end();
      return;
    }
    let text = `${request.headers['content-length']} `;
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      bodies.push(text);
      response.writeHead(bodies.length === 1 ? 503 : 201).end();
    });
  });
  await using registry = testClient(server.host);
  const scopes = [{ repository: 'os/example', access: 'push' as const }];
  async function* open(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('four');
    yield Buffer.from('five!');
  }
  const request = { method: 'PUT' as const, path: 'os/example/x', scopes, accept: [201] };
  await (await registry.client.request({ ...request, body: { size: 9, open } })).discard();
  await (await registry.client.request({ ...request, body: Buffer.from('bytes').subarray(1) })).discard();
  await (await registry.client.request({ ...request, method: 'POST' })).discard();
  expect(bodies).toEqual(['9 fourfive!', '9 fourfive!', '4 ytes', '0 ']);
});

test('answers that nobody reads do no harm when all ends', async () => {
  await using server = await startHttpServer(({ url }, response) => {
    if (url === '/v2/') response.end();
    else response.write('begun');
  });
  const registry = testClient(server.host);
  const unread = await registry.get();
  const begun = await registry.get();
  const body = begun.body[Symbol.asyncIterator]();
  await body.next();
  await registry[Symbol.asyncDispose]();
  await expect(unread.bytes(100)).rejects.toMatchObject({ message: expect.stringContaining(server.host) });
  await unread.discard();
});
