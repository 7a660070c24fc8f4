import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Certificate,
  type ServerCertificate,
  selfSigned,
  serverCertificate,
} from '../../../helpers/certificates.ts';
import { answering, startHttpServer } from '../../../helpers/http-server.ts';
import { testClient } from '../../../helpers/registry-client.ts';

let directory: string;
let server: ServerCertificate;
let expired: ServerCertificate;
let alone: Certificate;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
  server = await serverCertificate(join(directory, 'server'));
  expired = await serverCertificate(join(directory, 'expired'), true);
  alone = await selfSigned(join(directory, 'alone'), 'registry.test');
});

afterAll(() => rm(directory, { recursive: true }));

test('an authority that we were told of', async () => {
  await using registry = await startHttpServer(answering(200), server);
  const certificateAuthority = await readFile(server.authorityFile, 'utf8');
  await using told = testClient(registry.host, { certificateAuthority });
  await (await told.get()).discard();
  expect(registry.requests).toHaveLength(2);
});

test('a registry that may have any certificate', async () => {
  await using registry = await startHttpServer(answering(200), alone);
  await using trusting = testClient(registry.host, { insecure: true });
  await (await trusting.get()).discard();
});

test('an authority that nobody knows; a loopback host with TLS is not asked without it', async () => {
  await using registry = await startHttpServer(answering(200), server);
  await using client = testClient(registry.host);
  await expect(client.get()).rejects.toMatchObject({
    code: 'REGISTRY_TLS',
    message: `registry ${registry.host}: its certificate is signed by an authority that this machine does not know`,
    hint: `put the authority's certificate into DIR/${registry.host}/ca.crt and give --cert-dir DIR`,
    exitStatus: 1,
  });
  expect(registry.requests).toEqual([]);
  expect(client.waits).toEqual([]);
});

test('a certificate that signs itself', async () => {
  await using registry = await startHttpServer(answering(200), alone);
  await using client = testClient(registry.host);
  await expect(client.get()).rejects.toMatchObject({
    code: 'REGISTRY_TLS',
    message: `registry ${registry.host}: its certificate is signed by itself`,
    hint: `if it is the right one, put it into DIR/${registry.host}/ca.crt and give --cert-dir DIR`,
  });
});

test('a certificate that has expired', async () => {
  await using registry = await startHttpServer(answering(200), expired);
  const certificateAuthority = await readFile(expired.authorityFile, 'utf8');
  await using client = testClient(registry.host, { certificateAuthority });
  await expect(client.get()).rejects.toMatchObject({
    code: 'REGISTRY_TLS',
    message: `registry ${registry.host}: its certificate has expired`,
    hint: "have it renewed, or set this machine's clock",
  });
});

test('a certificate for another name', async () => {
  await using registry = await startHttpServer(answering(200), alone);
  await using client = testClient(registry.host, { certificateAuthority: alone.certificate });
  await expect(client.get()).rejects.toMatchObject({
    code: 'REGISTRY_TLS',
    message: `registry ${registry.host}: its certificate is for other names`,
  });
});

test('storage is checked like the registry, and named', async () => {
  await using storage = await startHttpServer(answering(200), alone);
  await using registry = await startHttpServer(
    answering(307, { location: `https://${storage.host}/bucket?signature=secret` }),
    server,
  );
  const certificateAuthority = await readFile(server.authorityFile, 'utf8');
  await using client = testClient(registry.host, { certificateAuthority });
  await expect(client.get()).rejects.toMatchObject({
    message: `${storage.host}, to where registry ${registry.host} points: its certificate is signed by itself`,
  });
});

test('a registry with TLS that gives addresses without', async () => {
  await using registry = await startHttpServer(answering(200), server);
  const certificateAuthority = await readFile(server.authorityFile, 'utf8');
  await using client = testClient(registry.host, { certificateAuthority });
  const path = new URL(`http://${registry.host}/v2/os/example/blobs/uploads/1?state=secret`);
  const scopes = [{ repository: 'os/example', access: 'push' as const }];
  await expect(client.client.request({ method: 'PATCH', path, scopes, accept: [202] })).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: `registry ${registry.host}: it gives an address without TLS: http://${registry.host}`,
    hint: 'its administrator has to tell it its own address, or have the proxy before it send X-Forwarded-Proto',
  });
});

test('a server without TLS is asked only where that is allowed', async () => {
  await using registry = await startHttpServer(answering(200));
  // Reaches this machine, and is not known as such.
  const host = registry.host.replace('127.0.0.1', '0.0.0.0');
  await using strict = testClient(host);
  await expect(strict.get()).rejects.toMatchObject({
    code: 'REGISTRY_PLAIN_HTTP',
    message: `registry ${host}: the server speaks no TLS`,
    hint: `if that is meant, allow it: --plain-http ${host}`,
  });
  expect(registry.requests).toEqual([]);
  for (const allowed of [{ plainHttp: [host] }, { insecure: true }]) {
    await using client = testClient(host, allowed);
    await (await client.get()).discard();
  }
});
