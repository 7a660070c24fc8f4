import type { IncomingMessage, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSecrets } from '../../../../src/http/secrets.ts';
import { CosaError } from '../../../../src/lib/errors.ts';
import { startHttpServer } from '../../../helpers/http-server.ts';
import { testClient } from '../../../helpers/registry-client.ts';

function hiding(...secrets: string[]) {
  const keeper = createSecrets();
  keeper.add(secrets);
  return keeper;
}

test.each([
  ['you said hunter2 and aHVudGVyMg==', 'you said *** and ***'],
  ['registry a: it redirects to http://HUNTER2.example', 'registry a: it redirects to http://***.example'],
  ['a%20b%2Fc', '***'],
  [`${new URL('http://gr\u00f6sse/').hostname}.example`, '***.example'],
  [
    'see https://user:pass@storage.example/a?signature=x&b or http://b.example?c',
    'see https://storage.example/a or http://b.example',
  ],
  ['short: ab', 'short: ab'],
])('%j', (text, expected) => {
  expect(hiding('hunter2', 'aHVudGVyMg==', 'a b/c', 'gr\u00f6sse', 'ab', '').hide(text)).toBe(expected);
});

test('no secret stands in what was hidden, whatever is in it', () => {
  const secret = fc.string({ minLength: 4, unit: 'grapheme' });
  fc.assert(
    fc.property(secret, fc.string(), (text, around) => {
      fc.pre(!'***'.includes(text));
      expect(hiding(text).hide(`${around}|${text}|${around}`)).not.toContain(`|${text}|`);
    }),
  );
});

test('an error stays the same one, without secrets in message, hint and causes', () => {
  const cause = new Error('getaddrinfo ENOTFOUND hunter2.example');
  const error = new CosaError('GIT_FAILED', 'hunter2', { hint: 'ask Hunter2', cause });
  expect(hiding('hunter2').hideIn(error)).toBe(error);
  expect(error).toMatchObject({ code: 'GIT_FAILED', message: '***', hint: 'ask ***' });
  expect(`${inspect(error)} ${error.stack} ${cause.stack}`).not.toMatch(/hunter2/i);
});

const password = 'Hunter2-secret';
const builder = { username: 'builder', password };

type Answer = (request: IncomingMessage, response: ServerResponse, host: string) => void;
const redirectTo = (location: string, status = 307): Answer => {
  return (_request, response) => void response.writeHead(status, { location }).end();
};
const answerWith = (status: number, headers: Record<string, string> = {}, body = ''): Answer => {
  return (_request, response) => void response.writeHead(status, headers).end(body);
};

/** What a server does with a password that it was sent. */
const echoes: [string, Answer][] = [
  ['the host of a redirect without TLS', redirectTo(`http://${password}.example/`)],
  ['the host of a redirect that does not exist', redirectTo(`https://${password}.invalid/`)],
  ['the port of a redirect to nobody', redirectTo(`https://builder:${password}@localhost:1/${password}?p=${password}`)],
  ['a redirect to another scheme', redirectTo(`ftp://${password}/`)],
  ['an error', answerWith(400, {}, JSON.stringify({ errors: [{ code: password, message: password }] }))],
  ['an error in plain text', answerWith(500, { 'content-type': 'text/plain' }, `it is ${password.toUpperCase()}`)],
  [
    'an address in an error',
    answerWith(400, {}, JSON.stringify({ message: `no http://a:${password}@b/?c=${password}` })),
  ],
  [
    'a token service without TLS',
    answerWith(401, { 'www-authenticate': `Bearer realm="http://${password}.example/"` }),
  ],
  [
    'a token service that does not exist',
    answerWith(401, { 'www-authenticate': `Bearer realm="https://${password}.invalid/"` }),
  ],
];

test.each(echoes)('a password that the registry sends back stays out of messages and logs: %s', async (_name, echo) => {
  await using server = await startHttpServer((request, response) => {
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="a"' }).end();
    else echo(request, response, server.host);
  });
  await using registry = testClient(server.host, { credentials: async () => builder });
  const error: unknown = await registry.get().catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(CosaError);
  expect(`${inspect(error, { depth: 10 })} ${registry.warnings.join(' ')}`).not.toMatch(new RegExp(password, 'i'));
});

test.each([
  ['an error', answerWith(403, {}, JSON.stringify({ details: password }))],
  ['no token', answerWith(200, {}, '{}')],
  ['a redirect', redirectTo(`https://${password}.invalid/`)],
])('a password that the token service sends back stays out of them, too: %s', async (_name, echo) => {
  await using server = await startHttpServer((request, response) => {
    const realm = `Bearer realm="http://${server.host}/token/${password}"`;
    if (request.url?.startsWith('/token') !== true) response.writeHead(401, { 'www-authenticate': realm }).end();
    else echo(request, response, server.host);
  });
  await using registry = testClient(server.host, { credentials: async () => builder });
  const error: unknown = await registry.get().catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(CosaError);
  expect(`${inspect(error, { depth: 10 })} ${registry.warnings.join(' ')}`).not.toMatch(new RegExp(password, 'i'));
});
