import { expect, test } from 'vitest';
import { networkError } from '../../src/http/network-errors.ts';
import type { Peer } from '../../src/http/peer.ts';
import { isTemporary } from '../../src/http/temporary-errors.ts';

const peer = (host: string): Peer => ({ kind: 'registry', host, codes: 'REGISTRY' });

const url = new URL('https://registry.test:5000/v2/');

test.each([
  ['ECONNRESET', 'REGISTRY_INTERRUPTED', 'registry registry.test:5000: the connection broke'],
  ['ETIMEDOUT', 'REGISTRY_TIMEOUT', 'registry registry.test:5000: nothing came for too long'],
  ['EHOSTUNREACH', 'REGISTRY_REFUSED', 'registry registry.test:5000: there is no way to that host'],
  ['EAI_AGAIN', 'REGISTRY_UNKNOWN_HOST', 'registry registry.test:5000: the host name is not known'],
  ['CERT_UNTRUSTED', 'REGISTRY_TLS', 'registry registry.test:5000: said so'],
  ['E_OTHER', 'REGISTRY_FAILED', 'registry registry.test:5000: said so'],
])('explains %s', (code, expected, message) => {
  expect(networkError(Object.assign(new Error('said so'), { code }), url, peer('registry.test:5000'))).toMatchObject({
    code: expected,
    message,
  });
});

test('of several addresses the first failure counts, and another host is named beside the registry', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  expect(networkError(new AggregateError([refused, new Error('other')]), url, peer('os.test'))).toMatchObject({
    code: 'REGISTRY_REFUSED',
    message: 'registry.test:5000, to where registry os.test points: the connection is refused',
  });
  expect(networkError(refused, new URL('https://os.test/v2/'), peer('OS.test:443')).message).toBe(
    'registry OS.test:443: the connection is refused',
  );
});

test.each([
  ['ECONNRESET', true],
  ['EPIPE', true],
  ['HPE_INVALID_EOF_STATE', true],
  ['ETIMEDOUT', true],
  ['ECONNREFUSED', false],
  ['ENOTFOUND', false],
  ['HPE_INVALID_CONSTANT', false],
  ['CERT_HAS_EXPIRED', false],
])('%s is worth another attempt: %s', (code, expected) => {
  const error = networkError(Object.assign(new Error('said so'), { code }), url, peer('registry.test:5000'));
  expect(isTemporary(error)).toBe(expected);
});

test('whom we talk to is named in its own words, and gives its own advice', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const selfSigned = Object.assign(new Error('self signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  const mirror: Peer = {
    kind: 'mirror',
    host: 'deb.test',
    codes: 'MIRROR',
    hints: { refused: (host) => `ask whoever runs ${host}` },
  };
  expect(networkError(refused, new URL('http://deb.test/debian/'), mirror)).toMatchObject({
    code: 'MIRROR_REFUSED',
    message: 'mirror deb.test: the connection is refused',
    hint: 'ask whoever runs deb.test',
  });
  expect(networkError(selfSigned, new URL('https://cdn.test/'), mirror)).toMatchObject({
    code: 'MIRROR_TLS',
    message: 'cdn.test, to where mirror deb.test points: its certificate is signed by itself',
    hint: 'if it is the right one, name a file with it in SSL_CERT_FILE',
  });
});
