import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { RepositoryFile } from '../../../src/packages/backend.ts';
import { rpmBackend } from '../../../src/packages/rpm.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { selfSigned, serverCertificate } from '../../helpers/certificates.ts';
import { startHttpServer } from '../../helpers/http-server.ts';
import { type RpmRepository, requestFor, serveRpmRepository } from '../../helpers/rpm-repository.ts';

// How the servers of one section are reached, and what they get to see of who asks.

let repository: RpmRepository;
beforeAll(async () => {
  repository = await serveRpmRepository([{ name: 'library' }]);
}, 60_000);
afterAll(() => repository[Symbol.asyncDispose]());

async function fetchAll(...sections: RepositoryFile[]): Promise<string[]> {
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'cosa-cache-'));
  onTestFinished(() => rm(cacheDirectory, { recursive: true, force: true }));
  const context = { cacheDirectory, reporter: silentReporter() };
  const request = requestFor(sections, ['library']);
  const lock = await rpmBackend.resolve(request, context);
  await using _held = await rpmBackend.download(request, lock, context);
  return lock.packages.map(({ name, version }) => `${name} ${version}`);
}

/** Answers with the repository's files, whatever host they are asked from. */
function serve({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(url, 'http://localhost');
  void readFile(join(repository.packages, pathname)).then(
    (content) => response.end(content),
    () => response.writeHead(404).end(),
  );
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('through a proxy that wants to know who asks', async () => {
  await using proxy = await startHttpServer((request, response) => {
    if (request.headers['proxy-authorization'] === basic('me:p@ss')) serve(request, response);
    else response.writeHead(407).end();
  });
  // A name that nobody else could find.
  const baseurl = 'http://packages.invalid/repo/..';
  const keys = { baseurl, proxy: `http://${proxy.host}`, proxy_username: 'me', proxy_password: 'p@ss' };
  expect(await fetchAll(await repository.repositoryFile('a', keys))).toEqual(['library 1.0-1']);
  expect(proxy.requests.map(({ url }) => url)).toContain('http://packages.invalid/repodata/repomd.xml');
  const stranger = await repository.repositoryFile('a', { ...keys, proxy_password: 'wrong' });
  await expect(fetchAll(stranger)).rejects.toMatchObject({
    code: 'REPOSITORY_UNREACHABLE',
    message: expect.stringContaining('407') as string,
  });
});

test('with a user and a password, which no mirror of a list gets to see', async () => {
  await using mirror = await startHttpServer(serve);
  await using server = await startHttpServer((request, response) => {
    if (request.headers.authorization !== basic('me:secret')) return void response.writeHead(401).end();
    response.end(`http://${mirror.host}/\n`);
  });
  const keys = { baseurl: undefined, mirrorlist: `http://${server.host}/list`, username: 'me', password: 'secret' };
  expect(await fetchAll(await repository.repositoryFile('a', keys))).toEqual(['library 1.0-1']);
  expect(mirror.requests.length).toBeGreaterThan(2);
  expect(mirror.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  await expect(fetchAll(await repository.repositoryFile('a', { ...keys, password: 'wrong' }))).rejects.toMatchObject({
    message: expect.stringContaining('401') as string,
  });
});

test('with a certificate of ours, by an authority of its own', async () => {
  const certificate = await serverCertificate(join(repository.directory, 'server'));
  const ours = await selfSigned(repository.directory, 'client');
  const others = await selfSigned(repository.directory, 'other');
  const options = { key: certificate.key, cert: certificate.certificate, ca: ours.certificate };
  const server = createServer({ ...options, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    if ((request.socket as TLSSocket).authorized) serve(request, response);
    else response.writeHead(403).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const baseurl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const keys = { baseurl, sslcacert: 'server/authority.crt', sslclientcert: 'client.crt', sslclientkey: 'client.key' };
  const section = (change: Readonly<Record<string, string | undefined>>) =>
    repository.repositoryFile('a', { ...keys, ...change });
  expect(await fetchAll(await section({}))).toEqual(['library 1.0-1']);
  for (const refused of [
    { sslclientcert: undefined, sslclientkey: undefined },
    { sslclientcert: others.certificateFile, sslclientkey: others.keyFile },
  ]) {
    await expect(fetchAll(await section(refused))).rejects.toMatchObject({
      code: 'REPOSITORY_UNREACHABLE',
      message: expect.stringContaining('403') as string,
    });
  }
  await expect(fetchAll(await section({ sslcacert: undefined }))).rejects.toMatchObject({
    code: 'REPOSITORY_UNREACHABLE',
  });
  expect(await fetchAll(await section({ sslcacert: undefined, sslverify: '0' }))).toEqual(['library 1.0-1']);
  await expect(fetchAll(await section({ sslclientcert: 'gone.crt' }))).rejects.toMatchObject({
    message: expect.stringContaining('gone.crt: there is no such file') as string,
  });
});

test.each(['sha256', 'sha384', 'sha512'] as const)('by an index of %s', async (checksum) => {
  await repository.index({ checksum });
  expect(await fetchAll(await repository.repositoryFile('a'))).toEqual(['library 1.0-1']);
});

test.each(['md5', 'sha1'] as const)('not by an index of %s, which proves nothing', async (checksum) => {
  await repository.index({ checksum });
  await expect(fetchAll(await repository.repositoryFile('a'))).rejects.toMatchObject({
    code: 'REPOSITORY_INDEX',
    exitStatus: 4,
  });
});
