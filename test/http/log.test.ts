import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Exchange, HttpRequest } from '../../src/http/exchange.ts';
import { loggedAddress, withLog } from '../../src/http/log.ts';
import { createSecrets } from '../../src/http/secrets.ts';
import { CosaError } from '../../src/lib/errors.ts';
import { httpAnswer } from '../helpers/http-answer.ts';

/** A log over answers that were made before; a second passes whenever somebody looks at the clock. */
function logOf(next: Exchange, ...hidden: string[]) {
  const lines: string[] = [];
  const secrets = createSecrets();
  secrets.add(hidden);
  let time = 0;
  const now = () => {
    time += 1000;
    return time;
  };
  return { lines, send: withLog(next, { log: (line) => void lines.push(line), secrets, now }) };
}

const get: HttpRequest = {
  method: 'GET',
  url: new URL('https://registry.test/v2/os/blobs/x'),
  headers: { authorization: 'Bearer c2VjcmV0' },
};
const answering =
  (status: number, body: readonly string[] = []): Exchange =>
  async ({ url }) =>
    httpAnswer(url, status, {}, body);

test('a line tells method, address, status, bytes and time, once the body has been read', async () => {
  const { lines, send } = logOf(answering(200, ['12345', '67890']));
  const answer = await send(get);
  expect(lines).toEqual([]);
  for await (const _chunk of answer.body);
  await answer.discard();
  expect(lines).toEqual(['GET https://registry.test/v2/os/blobs/x 200, 10 B, 1.0 s']);
});

test.each([
  ['bytes', '200, 10 B'],
  ['discard', '200, 0 B'],
  ['break', '200, 5 B'],
] as const)('also when the body is read at once, thrown away or left: %s', async (way, expected) => {
  const { lines, send } = logOf(answering(200, ['12345', '67890']));
  const answer = await send(get);
  if (way === 'bytes') await answer.bytes(100);
  else if (way === 'discard') await answer.discard();
  else for await (const _chunk of answer.body) break;
  expect(lines).toEqual([`GET https://registry.test/v2/os/blobs/x ${expected}, 1.0 s`]);
});

test('of a request with a body it tells how much was sent', async () => {
  const { lines, send } = logOf(answering(201));
  for (const body of [Buffer.alloc(1500), { size: 2_000_000, open: async function* () {} }, Buffer.alloc(0)]) {
    await (await send({ ...get, method: 'PUT', body })).discard();
  }
  expect(lines.map((line) => line.replace(/^.* 201, /, ''))).toEqual([
    '1.5 kB sent, 1.0 s',
    '2.0 MB sent, 1.0 s',
    '0 B, 1.0 s',
  ]);
});

test('a request that fails has a line, and its error comes through', async () => {
  const failure = new CosaError('REGISTRY_REFUSED', 'registry registry.test: the connection is refused');
  const { lines, send } = logOf(() => Promise.reject(failure));
  await expect(send(get)).rejects.toBe(failure);
  expect(lines).toEqual([
    'GET https://registry.test/v2/os/blobs/x failed: registry registry.test: the connection is refused, 1.0 s',
  ]);
});

test('so has a body that breaks off', async () => {
  const failure = new CosaError('REGISTRY_INTERRUPTED', 'registry registry.test: the connection broke');
  const { lines, send } = logOf(async ({ url }) => ({
    ...httpAnswer(url, 200),
    body: (async function* () {
      yield Buffer.from('12345');
      throw failure;
    })(),
  }));
  const answer = await send(get);
  await expect(
    (async () => {
      for await (const _chunk of answer.body);
    })(),
  ).rejects.toBe(failure);
  expect(lines).toEqual([
    'GET https://registry.test/v2/os/blobs/x 200, 5 B, failed: registry registry.test: the connection broke, 1.0 s',
  ]);
});

test.each([
  ['https://user:pass@registry.test/v2/#part', 'https://registry.test/v2/'],
  [
    'https://registry.test/v2/os/tags/list?n=1000&last=a%26b',
    'https://registry.test/v2/os/tags/list?n=1000&last=a%26b',
  ],
  ['https://registry.test/x?mount=sha256:0&from=os%2Fbase', 'https://registry.test/x?mount=sha256:0&from=os%2Fbase'],
  [
    'https://auth.test/token?service=a&account=me&scope=repository%3Aos%3Apull&refresh_token=x',
    'https://auth.test/token?service=a&account=***&scope=repository%3Aos%3Apull&refresh_token=***',
  ],
  [
    'https://bucket.test/a?X-Amz-Signature=abc&X-Amz-Credential=def&sig=ghi',
    'https://bucket.test/a?X-Amz-Signature=***&X-Amz-Credential=***&sig=***',
  ],
  ['https://bucket.test/a?justatoken', 'https://bucket.test/a?***'],
  ['https://bucket.test/a?to%20ken=x&=y&&', 'https://bucket.test/a?***&***&***&***'],
  [`https://bucket.test/a?${'x'.repeat(50)}=y`, 'https://bucket.test/a?***'],
  ['https://bucket.test/a?', 'https://bucket.test/a'],
  ['https://registry.test/v2/a\u001b[2Jb\nc\u202e', 'https://registry.test/v2/a%1B[2Jbc%E2%80%AE'],
])('the log shows %s as %s', (address, expected) => {
  expect(loggedAddress(new URL(address))).toBe(expected);
});

test('no value of a parameter is shown, unless it is known to be harmless', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,45}$/);
  const value = fc.stringMatching(/^secret[A-Za-z0-9%+/]{1,20}$/);
  const harmless = ['n', 'last', 'mount', 'from', 'digest', 'artifactType', 'service', 'scope'];
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (parameters) => {
      const query = parameters.map(([key, text]) => `${key}=${text}`).join('&');
      const shown = loggedAddress(new URL(`https://bucket.test/?${query}`));
      for (const [key, text] of parameters) if (!harmless.includes(key)) expect(shown).not.toContain(`=${text}`);
    }),
  );
});

test('a secret that a server puts into an address or an error stays out, and a long address is cut', async () => {
  const failure = new Error('getaddrinfo ENOTFOUND hunter2.test, see https://a:b@c.test/?token=x');
  const { lines, send } = logOf(() => Promise.reject(failure), 'hunter2');
  await expect(send({ ...get, url: new URL('https://HUNTER2.test/hunter2?digest=hunter2') })).rejects.toBe(failure);
  await expect(send({ ...get, url: new URL(`https://a.test/${'x'.repeat(5000)}`) })).rejects.toBe(failure);
  expect(lines[0]).toBe(
    'GET https://***.test/***?digest=*** failed: getaddrinfo ENOTFOUND ***.test, see https://c.test/, 1.0 s',
  );
  expect(lines[1]?.length).toBeLessThan(500);
  expect(lines.join()).not.toContain('c2VjcmV0');
});
