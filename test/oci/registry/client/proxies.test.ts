import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { selfSigned, serverCertificate } from '../../../helpers/certificates.ts';
import { testClient } from '../../../helpers/registry-client.ts';
import { startTestingRegistry, type TestingRegistry } from '../../../helpers/testing-registry.ts';

let directory: string;
let registry: TestingRegistry & AsyncDisposable;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-proxies-'));
  registry = await startTestingRegistry({ tls: await selfSigned(directory, 'registry.test') });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** A proxy that knows one name, and notes who is asked for. */
async function startProxy(server: { host: string } = registry) {
  const asked: string[] = [];
  const listener = createServer();
  listener.on('connect', ({ url = '' }, client) => {
    asked.push(url);
    const upstream = connect(Number(server.host.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [upstream, client]) socket.on('error', () => undefined);
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return {
    asked,
    address: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => void listener.close(),
  };
}

it('reaches a registry through the proxy that the environment names, TLS from end to end', async () => {
  await using proxy = await startProxy();
  await using scene = testClient('registry.test', {
    insecure: true,
    environment: { HTTPS_PROXY: proxy.address },
  });
  await expect(scene.get()).rejects.toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
  expect(new Set(proxy.asked)).toEqual(new Set(['registry.test:443']));
});

it('expects the certificate of the very server behind the proxy, of one without a name too', async () => {
  const { authorityFile, ...certificate } = await serverCertificate(join(directory, 'server'));
  await using server = await startTestingRegistry({ tls: certificate });
  await using proxy = await startProxy(server);
  for (const host of ['registry.test', '192.0.2.1', '[2001:db8::1]']) {
    await using scene = testClient(host, {
      certificateAuthority: await readFile(authorityFile, 'utf8'),
      environment: { HTTPS_PROXY: proxy.address },
    });
    // It is for localhost and 127.0.0.1.
    await expect(scene.get()).rejects.toMatchObject({ code: 'REGISTRY_TLS' });
  }
  expect(new Set(proxy.asked)).toEqual(new Set(['registry.test:443', '192.0.2.1:443', '[2001:db8::1]:443']));
});

it('goes past the proxy where the environment says so', async () => {
  await using proxy = await startProxy();
  await using scene = testClient('registry.invalid', {
    environment: { https_proxy: proxy.address, no_proxy: 'example.com,registry.invalid' },
  });
  await expect(scene.get()).rejects.toMatchObject({ code: 'REGISTRY_UNKNOWN_HOST' });
  expect(proxy.asked).toEqual([]);
});
