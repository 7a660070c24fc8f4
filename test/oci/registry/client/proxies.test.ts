import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { selfSigned } from '../../../helpers/certificates.ts';
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
async function startProxy() {
  const asked: string[] = [];
  const server = createServer();
  server.on('connect', ({ url = '' }, client) => {
    asked.push(url);
    const upstream = connect(Number(registry.host.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [upstream, client]) socket.on('error', () => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    asked,
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
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

it('goes past the proxy where the environment says so', async () => {
  await using proxy = await startProxy();
  await using scene = testClient('registry.invalid', {
    environment: { https_proxy: proxy.address, no_proxy: 'example.com,registry.invalid' },
  });
  await expect(scene.get()).rejects.toMatchObject({ code: 'REGISTRY_UNKNOWN_HOST' });
  expect(proxy.asked).toEqual([]);
});
