import { expect, test } from 'vitest';
import { mayBePlainHttp } from '../../src/http/plain-http.ts';

test.each([
  ['http://localhost/', [], true],
  ['http://localhost:5000/', [], true],
  ['http://127.0.0.1/', [], true],
  ['http://127.8.8.8:5000/', [], true],
  ['http://[::1]:5000/', [], true],
  ['http://localhost.example.com/', [], false],
  ['http://127.0.0.1.example.com/', [], false],
  ['http://registry.test:5000/', [], false],
  ['http://registry.test:5000/', ['registry.test:5000'], true],
  ['http://registry.test:5000/', ['Registry.Test:5000'], true],
  ['http://registry.test:5001/', ['registry.test:5000'], false],
  ['http://registry.test:5000/', ['registry.test'], false],
  ['http://registry.test/', ['registry.test'], true],
  ['http://registry.test/', ['registry.test:80'], true],
  ['http://other.test/', ['registry.test'], false],
])('%s with --plain-http %j may be without TLS: %s', (url, named, expected) => {
  expect(mayBePlainHttp(new URL(url), named)).toBe(expected);
});
