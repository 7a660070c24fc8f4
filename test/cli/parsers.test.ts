import { expect, it } from 'vitest';
import { architecture, listenAddress, size } from '../../src/cli/parsers.ts';

it.each([
  ['0', 0],
  ['512', 512],
  ['512B', 512],
  ['1k', 1024],
  ['1K', 1024],
  ['1kB', 1000],
  ['500MiB', 500 * 2 ** 20],
  ['10G', 10 * 2 ** 30],
  ['10GB', 10e9],
  ['1.5T', 1.5 * 2 ** 40],
  ['0.1K', 102],
])('a size is %s', (text, bytes) => {
  expect(size(text)).toBe(bytes);
});

it('an architecture is what anybody calls it', () => {
  expect(['x86_64', 'amd64', 'arm64', 'aarch64', 'ppc64el'].map(architecture)).toEqual([
    ...['x86_64', 'x86_64', 'aarch64', 'aarch64', 'ppc64le'],
  ]);
  expect(() => architecture('armhf')).toThrow(
    'Expected x86_64, aarch64, ppc64le, s390x, riscv64, or what OCI or Debian call one of them.',
  );
});

it.each(['', ' ', '-1', '1e9', 'G', '10 G', '10GiB2', '10g', '1,5G', '.5G', '5iB', '٣G', '99999999T', 'Infinity'])(
  'a size is not %j',
  (text) => {
    expect(() => size(text)).toThrow('Expected a size such as 10G, 500MiB or 1.5TB.');
  },
);

it.each([
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['localhost:80', { host: 'localhost', port: 80 }],
  ['8080', { host: '127.0.0.1', port: 8080 }],
])('a server listens at %s', (text, address) => {
  expect(listenAddress(text)).toEqual(address);
});

it.each([
  '',
  ':',
  ':8080',
  'host',
  '::1:80',
  '[::1]',
  '1.2.3.4:65536',
  '1.2.3.4:-1',
  '1.2.3.4:8080/',
  'a b:80',
  '0x50',
])('no server listens at %j', (text) => {
  expect(() => listenAddress(text)).toThrow('Expected HOST:PORT or PORT, such as 127.0.0.1:8080, [::1]:8080 or 8080.');
});
