import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SiteServer, startSiteServer } from '../../../src/publish/site/server.ts';
import { siteDocuments } from '../../../src/publish/site/site.ts';
import { collect } from '../../helpers/image.ts';
import { syntheticBuild, syntheticModel } from './synthetic-model.ts';

let server: SiteServer;
let failure: Error | undefined;
const failures: unknown[] = [];
const documents = siteDocuments(syntheticModel([syntheticBuild({ version: '1.0' })]));

beforeAll(async () => {
  const now = async () => {
    if (failure !== undefined) throw failure;
    return documents;
  };
  server = await startSiteServer({ host: '127.0.0.1', port: 0 }, now, (error) => failures.push(error));
});
afterAll(() => server[Symbol.asyncDispose]());

interface Asked {
  method?: string;
  headers?: Readonly<Record<string, string>>;
}

async function ask(path: string, { method = 'GET', headers = {} }: Asked = {}) {
  const sent = request(server.url, { path, method, headers });
  sent.end(method === 'POST' ? 'body' : undefined);
  const [answer] = await once(sent, 'response');
  return { status: answer.statusCode, headers: answer.headers, body: (await collect(answer)).toString() };
}

describe('a server of a site', () => {
  it('sends pages that are asked for again each time, and what never changes once', async () => {
    const page = await ask('/builds/1.0.amd64.html?x=1');
    expect(page.status).toBe(200);
    expect(page.headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-length': String(Buffer.byteLength(page.body)),
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    const [style = ''] = [...documents.keys()].filter((path) => path.endsWith('.css'));
    expect((await ask(`/${style}`)).headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'text/css; charset=utf-8',
    });
  });

  it('sends a page anew only where it has changed', async () => {
    const { headers } = await ask('/');
    const etag = headers.etag as string;
    for (const known of [etag, `"other", W/${etag}`, '*']) {
      const again = await ask('/', { headers: { 'if-none-match': known } });
      expect([again.status, again.body, again.headers.etag]).toEqual([304, '', etag]);
    }
    expect((await ask('/', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('answers HEAD as GET, without the page', async () => {
    const [head, get] = [await ask('/', { method: 'HEAD' }), await ask('/')];
    expect(head.body).toBe('');
    expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' });
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])('refuses %s', async (method) => {
    expect(await ask('/', { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  it.each([
    '/nothing.html',
    '/builds',
    '/../../etc/passwd',
    '/builds/..%2f..%2fetc/passwd',
    '/%',
    '/%00',
    '//index.html',
    `/${'a'.repeat(3000)}`,
    '/__proto__',
  ])('has no page %s', async (path) => {
    expect(await ask(path)).toMatchObject({ status: 404, body: 'there is no such page\n' });
  });

  it.each([
    ['localhost', 200],
    ['127.0.0.1:1234', 200],
    ['[::1]:80', 200],
    ['evil.example.com', 421],
    ['127.0.0.1.evil.example.com', 421],
    ['localhost.evil.example.com:80', 421],
  ])('asked for as "%s" on a loopback address it says %i', async (host, status) => {
    expect((await ask('/', { headers: { host } })).status).toBe(status);
  });

  it('says that it cannot, without saying why, and goes on', async () => {
    failure = new Error('a secret of the registry');
    const answer = await ask('/');
    failure = undefined;
    expect(answer).toMatchObject({ status: 503, body: 'the page cannot be made just now\n' });
    expect(failures).toEqual([new Error('a secret of the registry')]);
    expect((await ask('/')).status).toBe(200);
  });

  it.each(['\u0000\u0001\r\n\r\n', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`])(
    'survives what is no request',
    async (bytes) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.end(bytes, 'latin1');
      expect((await collect(socket)).toString()).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect((await ask('/')).status).toBe(200);
    },
  );

  it.each([
    [
      'a port that is taken',
      () => ({ host: '127.0.0.1', port: Number(new URL(server.url).port) }),
      'somebody else listens there',
    ],
    ['another machine’s address', () => ({ host: '192.0.2.1', port: 0 }), 'this machine has no such address'],
  ])('does not start on %s', async (_what, address, why) => {
    const { host, port } = address();
    await expect(
      startSiteServer(
        { host, port },
        async () => documents,
        () => undefined,
      ),
    ).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `nothing can be served at ${host}, port ${port}: ${why}`,
    });
  });

  it('has an address that a browser takes, of IPv6 too', async () => {
    await using other = await startSiteServer(
      { host: '::1', port: 0 },
      async () => documents,
      () => undefined,
    );
    expect(other.url).toMatch(/^http:\/\/\[::1\]:\d+\/$/);
  });
});
