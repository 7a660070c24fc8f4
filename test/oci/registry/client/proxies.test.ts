import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Connections, createConnections, usualTimeouts } from '../../../../src/http/connections.ts';
import { environmentProxies } from '../../../../src/http/proxies.ts';
import { createTransport } from '../../../../src/http/transport.ts';
import { registryPeer } from '../../../../src/oci/registry/client/peer.ts';
import { type Certificate, type ServerCertificate, serverCertificate } from '../../../helpers/certificates.ts';
import { answering, startHttpServer } from '../../../helpers/http-server.ts';
import { testClient } from '../../../helpers/registry-client.ts';
import { startTestingRegistry, type TestingRegistry } from '../../../helpers/testing-registry.ts';

/** Hosts that nobody reaches but through the proxy: a name, and an address for documentation (RFC 5737). */
const named = 'registry.test';
const numbered = '192.0.2.1';

let directory: string;
let registry: TestingRegistry & AsyncDisposable;
let certificateAuthority: string;
/** Of the proxy, which knows its own name alone. */
let proxyCertificate: ServerCertificate;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-proxies-'));
  const certificate = await serverCertificate(join(directory, 'registry'), false, `DNS:${named},IP:${numbered}`);
  proxyCertificate = await serverCertificate(join(directory, 'proxy'), false, 'DNS:localhost');
  const authorities = [certificate, proxyCertificate].map(({ authorityFile }) => readFile(authorityFile, 'utf8'));
  certificateAuthority = (await Promise.all(authorities)).join('');
  registry = await startTestingRegistry({ tls: certificate });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** A proxy that leads to one server whatever it is asked for, and notes what that was. */
async function startProxy(server: { host: string }, tls?: Certificate) {
  const asked: string[] = [];
  const proxy = tls === undefined ? createServer() : createTlsServer({ key: tls.key, cert: tls.certificate });
  proxy.on('connect', ({ url = '' }: IncomingMessage, client: Socket) => {
    asked.push(url);
    const upstream = connect(Number(server.host.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [upstream, client]) socket.on('error', () => undefined);
  });
  proxy.on('request', ({ url = '' }: IncomingMessage, response: ServerResponse) => {
    asked.push(url);
    response.end();
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  return {
    asked,
    address: `${tls === undefined ? 'http' : 'https'}://localhost:${(proxy.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => void proxy.close(),
  };
}

it.each([named, numbered])(
  'reaches %s through the proxy that the environment names, TLS from end to end',
  async (host) => {
    await using proxy = await startProxy(registry);
    await using scene = testClient(host, { certificateAuthority, environment: { HTTPS_PROXY: proxy.address } });
    await expect(scene.get()).rejects.toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
    expect(new Set(proxy.asked)).toEqual(new Set([`${host}:443`]));
  },
);

it.each([named, numbered, '[2001:db8::1]'])('does not take a certificate of the proxy for one of %s', async (host) => {
  await using other = await startHttpServer(answering(200), proxyCertificate);
  await using proxy = await startProxy(other);
  await using scene = testClient(host, { certificateAuthority, environment: { HTTPS_PROXY: proxy.address } });
  await expect(scene.get()).rejects.toMatchObject({
    code: 'REGISTRY_TLS',
    message: `registry ${host}: its certificate is for other names`,
  });
  expect(other.requests).toEqual([]);
});

it('speaks TLS with the proxy by its own name, and through it with the registry', async () => {
  await using proxy = await startProxy(registry, proxyCertificate);
  await using scene = testClient(named, { certificateAuthority, environment: { HTTPS_PROXY: proxy.address } });
  await expect(scene.get()).rejects.toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
  expect(new Set(proxy.asked)).toEqual(new Set([`${named}:443`]));
});

it('hands a proxy with TLS requests that need none, and verifies the proxy even where the registry may have any certificate', async () => {
  await using proxy = await startProxy(registry, proxyCertificate);
  const plain = new URL(`http://${named}/v2/`);
  const settings = { proxies: environmentProxies({ http_proxy: proxy.address }), timeouts: usualTimeouts };
  const send = (connections: Connections) =>
    createTransport(connections, registryPeer(named), () => false)({ method: 'GET', url: plain });
  await using trusting = createConnections({ ...settings, certificates: async () => ({ ca: certificateAuthority }) });
  await (await send(trusting)).discard();
  expect(proxy.asked).toEqual([plain.href]);
  await using strict = createConnections({ ...settings, certificates: async () => ({}) });
  await expect(send(strict)).rejects.toMatchObject({ code: 'REGISTRY_TLS' });
});

it('goes past the proxy where the environment says so', async () => {
  await using proxy = await startProxy(registry);
  await using scene = testClient('registry.invalid', {
    environment: { https_proxy: proxy.address, no_proxy: 'example.com,registry.invalid' },
  });
  await expect(scene.get()).rejects.toMatchObject({ code: 'REGISTRY_UNKNOWN_HOST' });
  expect(proxy.asked).toEqual([]);
});
