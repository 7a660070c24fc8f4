import { describe, expect, it, test } from 'vitest';
import { environmentProxies, proxyFor } from '../../src/http/proxies.ts';

const proxy = 'http://proxy.test:3128';

function chosen(url: string, environment: NodeJS.ProcessEnv): string | undefined {
  return proxyFor(new URL(url), environmentProxies(environment))?.host;
}

it.each(['https://localhost:5000', 'http://127.0.0.1:5000', 'https://[::1]'])('leaves %s alone', (url) => {
  expect(chosen(url, { https_proxy: proxy, http_proxy: proxy })).toBeUndefined();
});

describe('of the variables', () => {
  it('prefers the lower-case name, and takes an empty variable for none', () => {
    expect(chosen('https://registry.test', { https_proxy: proxy, HTTPS_PROXY: 'http://other.test' })).toBe(
      'proxy.test:3128',
    );
    expect(chosen('https://registry.test', { https_proxy: '', NO_PROXY: '' })).toBeUndefined();
  });

  it('takes the one of the scheme; the one for http serves https where it is alone', () => {
    const both = { http_proxy: 'http://plain.test', https_proxy: 'http://secure.test' };
    expect(chosen('http://registry.test', both)).toBe('plain.test');
    expect(chosen('https://registry.test', both)).toBe('secure.test');
    expect(chosen('https://registry.test', { http_proxy: 'http://plain.test' })).toBe('plain.test');
    expect(chosen('http://registry.test', { https_proxy: 'http://secure.test' })).toBeUndefined();
  });

  it('takes an address without a scheme for one of http', () => {
    expect(chosen('https://registry.test', { https_proxy: 'proxy.test:3128' })).toBe('proxy.test:3128');
  });

  it.each(['socks5://proxy.test', 'http://', 'http://a b'])('refuses %s', (address) => {
    expect(() => chosen('https://registry.test', { https_proxy: address })).toThrow(
      'its proxy has no address of http: or https:',
    );
  });
});

test.each([
  ['registry.test', 'https://registry.test', true],
  ['registry.test', 'https://eu.registry.test', true],
  ['.registry.test', 'https://registry.test', true],
  ['*.registry.test', 'https://eu.registry.test', true],
  ['registry.test', 'https://otherregistry.test', false],
  ['REGISTRY.test', 'https://registry.test', true],
  ['example.com, registry.test', 'https://registry.test', true],
  ['example.com registry.test', 'https://registry.test', true],
  ['*', 'https://registry.test', true],
  ['registry.test:443', 'https://registry.test', true],
  ['registry.test:5000', 'https://registry.test', false],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.0.0.0/8', 'https://registry.test', false],
  ['10.1.2.3', 'https://10.1.2.3:5000', true],
  ['2.3', 'https://10.1.2.3', false],
  ['fd00::/8', 'https://[fd00::1]', true],
  ['fd00::1', 'https://[fd00::1]:5000', true],
  ['[fd00::1]:5000', 'https://[fd00::1]:5000', true],
  ['10.0.0.0/99', 'https://10.1.2.3', false],
  [',, ,', 'https://registry.test', false],
  ['', 'https://registry.test', false],
])('no_proxy %j reaches %s directly: %s', (none, url, isDirect) => {
  expect(chosen(url, { https_proxy: proxy, no_proxy: none }) === undefined).toBe(isDirect);
});
