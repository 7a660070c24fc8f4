import { expect, test } from 'vitest';
import type { HttpRequest } from '../../src/http/exchange.ts';
import type { Peer } from '../../src/http/peer.ts';
import { withRedirects } from '../../src/http/redirects.ts';
import { httpAnswer } from '../helpers/http-answer.ts';

const peer: Peer = { kind: 'registry', host: 'registry.test', codes: 'REGISTRY' };
const strict = { mayBePlain: () => false, mayLeaveTls: false };

/** Servers that send those who ask for an address to another one, and answer 200 to all else. */
function servers(redirects: Readonly<Record<string, string>>, status = 307) {
  const requests: HttpRequest[] = [];
  const answers: ReturnType<typeof httpAnswer>[] = [];
  const next = async (request: HttpRequest) => {
    requests.push(request);
    const location = redirects[request.url.href];
    const answer = httpAnswer(request.url, location === undefined ? 200 : status, location ? { location } : {});
    answers.push(answer);
    return answer;
  };
  return { next, requests, answers };
}

const first: HttpRequest = {
  method: 'GET',
  url: new URL('https://registry.test/v2/'),
  headers: { Authorization: 'Bearer secret', cookie: 'secret', range: 'bytes=5-' },
};

test('what says who we are goes to the first origin alone, not even back to it', async () => {
  const { next, requests, answers } = servers({
    'https://registry.test/v2/': '/other?x',
    'https://registry.test/other?x': 'https://storage.test/bucket?signature=y',
    'https://storage.test/bucket?signature=y': 'https://registry.test/back',
  });
  const answer = await withRedirects(next, peer, strict)(first);
  expect(answer.url.href).toBe('https://registry.test/back');
  expect(requests.map(({ url, headers }) => [url.host, Object.keys(headers ?? {})])).toEqual([
    ['registry.test', ['Authorization', 'cookie', 'range']],
    ['registry.test', ['Authorization', 'cookie', 'range']],
    ['storage.test', ['range']],
    ['registry.test', ['range']],
  ]);
  expect(answers.map(({ isDiscarded }) => isDiscarded())).toEqual([true, true, true, false]);
});

test('another port is another origin', async () => {
  const { next, requests } = servers({ 'https://registry.test/v2/': 'https://registry.test:8443/' });
  await withRedirects(next, peer, strict)(first);
  expect(requests[1]?.headers).toEqual({ range: 'bytes=5-' });
});

test('user and password of an address are not kept', async () => {
  const { next, requests } = servers({ 'https://registry.test/v2/': 'https://us:er@storage.test/' });
  await withRedirects(next, peer, strict)(first);
  expect(requests[1]?.url.href).toBe('https://storage.test/');
});

test.each([
  ['PUT', 307, 2],
  ['POST', 308, 2],
  ['PUT', 301, 1],
  ['PATCH', 302, 1],
  ['DELETE', 303, 1],
  ['HEAD', 302, 2],
  ['GET', 303, 2],
  ['GET', 304, 1],
] as const)('%s follows %i: %i requests', async (method, status, count) => {
  const { next, requests } = servers({ 'https://registry.test/v2/': 'https://storage.test/' }, status);
  await withRedirects(next, peer, strict)({ ...first, method });
  expect(requests).toHaveLength(count);
  expect(requests.every((request) => request.method === method)).toBe(true);
});

test('a body that says who we are goes to its own origin alone', async () => {
  const { next, requests } = servers({
    'https://registry.test/v2/': '/token',
    'https://registry.test/token': 'https://other.test/token',
  });
  const secret = { ...first, method: 'POST', body: Buffer.from('secret'), isBodySecret: true } as const;
  await expect(withRedirects(next, peer, strict)(secret)).rejects.toMatchObject({
    code: 'REGISTRY_FAILED',
    message: 'registry registry.test: it redirects to other.test what says who we are',
  });
  expect(requests.map(({ url }) => url.href)).toEqual(['https://registry.test/v2/', 'https://registry.test/token']);
});

const plain = 'http://127.0.0.1:5000/';

test.each([
  ['nowhere that is without TLS', strict, false],
  ['nowhere without TLS from TLS, though the server may be without', { ...strict, mayBePlain: () => true }, false],
  ['anywhere where only the content counts', { mayBePlain: () => true, mayLeaveTls: true }, true],
])('from TLS a redirect leads %s', async (_where, rules, isFollowed) => {
  const { next, requests } = servers({ 'https://registry.test/v2/': plain });
  const answer = withRedirects(next, peer, rules)(first);
  if (isFollowed) expect((await answer).url.href).toBe(plain);
  else {
    await expect(answer).rejects.toMatchObject({
      code: 'REGISTRY_FAILED',
      message: 'registry registry.test: it redirects away from TLS, to http://127.0.0.1:5000',
      hint: "that is for the registry's administrator to set right",
    });
  }
  expect(requests).toHaveLength(isFollowed ? 2 : 1);
});

test.each([
  ['in a circle', 'https://registry.test/v2/', 'it redirects more than 5 times'],
  ['to nowhere', 'http://', 'it redirects to no address'],
  ['to a file', 'file:///etc/shadow', 'it redirects to what is not HTTP'],
])('goes no further %s', async (_where, location, reason) => {
  const { next } = servers({ 'https://registry.test/v2/': location });
  await expect(withRedirects(next, { ...peer, kind: 'mirror', codes: 'MIRROR' }, strict)(first)).rejects.toMatchObject({
    code: 'MIRROR_FAILED',
    message: `mirror registry.test: ${reason}`,
    hint: "that is for the mirror's administrator to set right",
  });
});
