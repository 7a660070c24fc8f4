import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from '../../src/lib/digest.ts';
import { createRegistries } from '../../src/oci/registry.ts';
import { type ServerCertificate, selfSigned, serverCertificate, trustAuthority } from '../helpers/certificates.ts';
import { startTestingRegistry } from '../helpers/testing-registry.ts';

const users = [{ name: 'builder', password: 'secret', access: 'push' as const }];
const content = Buffer.from('{"layers":[]}');
const descriptor = { mediaType: 'application/octet-stream', digest: digestOf(content), size: content.length };
const source = {
  descriptor,
  open: async function* () {
    yield content;
  },
};

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
});

afterEach(() => rm(directory, { recursive: true }));

test('credentials come from the files that the user has', async () => {
  await using server = await startTestingRegistry({ authentication: { kind: 'bearer', users } });
  const auth = Buffer.from('builder:secret').toString('base64');
  const file = join(directory, 'auth.json');
  await writeFile(file, JSON.stringify({ auths: { [server.host]: { auth } } }));
  await using registries = createRegistries({}, { environment: { REGISTRY_AUTH_FILE: file } });
  await registries.ping(server.host);
  const repository = await registries.repository(server.host, 'os/example');
  expect(await repository.putBlob(source)).toBe('written');
  expect(await repository.hasBlob(descriptor.digest)).toBe(true);
});

test('a login that is not kept yet is checked', async () => {
  await using server = await startTestingRegistry({ authentication: { kind: 'basic', users } });
  const environment = { REGISTRY_AUTH_FILE: join(directory, 'none.json') };
  for (const password of ['secret', 'wrong']) {
    const credentials = async () => ({ username: 'builder', password });
    await using registries = createRegistries({}, { environment, credentials });
    const checked = registries.ping(server.host);
    if (password === 'secret') await checked;
    else {
      await expect(checked).rejects.toMatchObject({
        code: 'REGISTRY_UNAUTHORIZED',
        message: expect.stringContaining(`registry ${server.host}: the registry does not accept who you are`),
      });
    }
  }
});

test('certificates come from --cert-dir', async () => {
  const certificate: ServerCertificate = await serverCertificate(join(directory, 'tls'));
  await using server = await startTestingRegistry({ tls: certificate });
  const environment = { REGISTRY_AUTH_FILE: join(directory, 'none.json') };
  const certificateDirectory = await trustAuthority(join(directory, 'certs'), server.host, certificate.authorityFile);
  await using trusting = createRegistries({ certificateDirectory }, { environment });
  await trusting.ping(server.host);
  await using strict = createRegistries({}, { environment });
  await expect(strict.ping(server.host)).rejects.toMatchObject({ code: 'REGISTRY_TLS' });
});

test('a registry that wants to see a certificate of ours', async () => {
  const certificate = await serverCertificate(join(directory, 'tls'));
  const own = await selfSigned(join(directory, 'own'), 'client');
  const { key, certificate: cert } = certificate;
  // With version 1.3 a server tells nobody why it closes the connection.
  const server = createServer(
    { key, cert, ca: own.certificate, requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' },
    (_request, response) => response.end(),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const certificateDirectory = await trustAuthority(join(directory, 'certs'), host, certificate.authorityFile);
  await using unknown = createRegistries({ certificateDirectory }, { environment: {} });
  await expect(unknown.ping(host)).rejects.toMatchObject({
    code: 'REGISTRY_TLS',
    message: `registry ${host}: it wants a client certificate, or does not accept ours`,
    hint: `put client.cert and client.key into DIR/${host}/ and give --cert-dir DIR`,
  });
  await copyFile(own.certificateFile, join(certificateDirectory, host, 'client.cert'));
  await copyFile(own.keyFile, join(certificateDirectory, host, 'client.key'));
  await using known = createRegistries({ certificateDirectory }, { environment: {} });
  await known.ping(host);
  server.close();
  server.closeAllConnections();
});

test('a registry that may have any certificate is named in registries.conf', async () => {
  await using server = await startTestingRegistry({ tls: await serverCertificate(join(directory, 'tls')) });
  const file = join(directory, 'registries.conf');
  await writeFile(file, `[[registry]]\nlocation = "${server.host}"\ninsecure = true\n`);
  const environment = { CONTAINERS_REGISTRIES_CONF: file, REGISTRY_AUTH_FILE: join(directory, 'none.json') };
  await using registries = createRegistries({}, { environment });
  await registries.ping(server.host);
  expect(await (await registries.repository(server.host, 'os/example')).hasBlob(descriptor.digest)).toBe(false);
});

test('mirrors and blocks come from registries.conf; a writer sees the registry itself', async () => {
  await using server = await startTestingRegistry();
  await using mirror = await startTestingRegistry();
  const file = join(directory, 'registries.conf');
  await writeFile(
    file,
    `[[registry]]\nlocation = "${server.host}/os"\nmirror = [{ location = "${mirror.host}/cache" }]\n` +
      `[[registry]]\nlocation = "${server.host}/bad"\nblocked = true\n`,
  );
  const environment = { CONTAINERS_REGISTRIES_CONF: file, REGISTRY_AUTH_FILE: join(directory, 'none.json') };
  await using registries = createRegistries({}, { environment });
  await (await registries.repository(mirror.host, 'cache/example')).putBlob(source);

  const reader = await registries.repository(server.host, 'os/example');
  const read: Buffer[] = [];
  for await (const chunk of reader.readBlob(descriptor)) read.push(chunk);
  expect(Buffer.concat(read)).toEqual(content);
  const writer = await registries.repository(server.host, 'os/example', 'writing');
  expect(await writer.hasBlob(descriptor.digest)).toBe(false);
  await expect(registries.repository(server.host, 'bad/example')).rejects.toMatchObject({ code: 'REGISTRY_BLOCKED' });
});

test('what registries take is loaded with the first one', async () => {
  const module = new URL('../../src/oci/registry.ts', import.meta.url).href;
  const script = `
    const { createRegistries } = await import(${JSON.stringify(module)});
    await createRegistries({}, { environment: {} })[Symbol.asyncDispose]();
    const loaded = process.moduleLoadList.filter((name) => /https?|tls/.test(name));
    console.log(JSON.stringify(loaded));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    script,
  ]);
  expect(JSON.parse(stdout)).toEqual([]);
});
