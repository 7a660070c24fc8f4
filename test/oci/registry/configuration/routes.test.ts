import { expect, test } from 'vitest';
import { parseRules } from '../../../../src/oci/registry/configuration/registries-conf.ts';
import { routeOf } from '../../../../src/oci/registry/configuration/routes.ts';

const rules = parseRules(
  `
[[registry]]
location = "os.test"
insecure = true

[[registry]]
prefix = "os.test/stable"
location = "archive.test:5000/os/stable"
[[registry.mirror]]
location = "near.test/os"
insecure = true
[[registry.mirror]]
location = "far.test/deep/er"
pull-from-mirror = "digest-only"

[[registry]]
prefix = "*.example.com"

[[registry]]
prefix = "*.evil.example.com"
blocked = true

[[registry]]
prefix = "closed.test"
blocked = true

[[registry]]
prefix = "closed.test:5001"

[[registry]]
prefix = "*.part.test/secret"
blocked = true

[[registry]]
prefix = "127.0.0.9"
blocked = true

[[registry]]
prefix = "[::9]:5000"
blocked = true

[[registry]]
prefix = "docker.io/library"
blocked = true

[[registry]]
prefix = "*.moved.test"
location = "[::1]:5000/moved"

[[registry]]
prefix = "c.moved.test"
`,
  'registries.conf',
);

/** Where a name is read, and how its writer is reached. */
function route(host: string, repository: string) {
  const { mirrors, reading, writing } = routeOf(rules, host, repository);
  const name = (source: typeof reading) => `${source.host}/${source.repository}${source.insecure ? ' insecure' : ''}`;
  return [...mirrors.map((mirror) => `${name(mirror)} ${mirror.pull}`), name(reading), name(writing)];
}

test.each([
  ['other.test', 'os', ['other.test/os', 'other.test/os']],
  ['os.test', 'any/thing', ['os.test/any/thing insecure', 'os.test/any/thing insecure']],
  ['os.test:5000', 'any', ['os.test:5000/any', 'os.test:5000/any']],
  ['os.test.other', 'any', ['os.test.other/any', 'os.test.other/any']],
  ['os.test', 'stable-not', ['os.test/stable-not insecure', 'os.test/stable-not insecure']],
  [
    'os.test',
    'stable/debian',
    [
      'near.test/os/debian insecure all',
      'far.test/deep/er/debian digest-only',
      'archive.test:5000/os/stable/debian',
      'os.test/stable/debian',
    ],
  ],
  [
    'os.test',
    'stable',
    ['near.test/os insecure all', 'far.test/deep/er digest-only', 'archive.test:5000/os/stable', 'os.test/stable'],
  ],
  ['a.example.com', 'os', ['a.example.com/os', 'a.example.com/os']],
  ['a.moved.test:8443', 'os', ['[::1]:5000/moved/os', 'a.moved.test:8443/os']],
  ['c.moved.test', 'os', ['c.moved.test/os', 'c.moved.test/os']],
  ['closed.test:5001', 'os', ['closed.test:5001/os', 'closed.test:5001/os']],
  ['a.part.test', 'secrets', ['a.part.test/secrets', 'a.part.test/secrets']],
  ['OS.test', 'any', ['os.test/any insecure', 'OS.test/any insecure']],
])('%s/%s', (host, repository, expected) => {
  expect(route(host, repository)).toEqual(expected);
});

test('a blocked registry', () => {
  expect(() => routeOf(rules, 'x.evil.example.com', 'os')).toThrow(
    expect.objectContaining({
      code: 'REGISTRY_BLOCKED',
      message: 'docker://x.evil.example.com/os: *.evil.example.com is blocked by registries.conf',
      exitStatus: 1,
    }),
  );
});

test.each([
  ['x.evil.example.com:5000', 'os/x'],
  ['X.Evil.Example.COM', 'os'],
  ['a.b.evil.example.com:443', 'os'],
  ['closed.test', 'os'],
  ['closed.test:443', 'os'],
  ['closed.test:5000', 'os'],
  ['CLOSED.test', 'os'],
  ['a.part.test', 'secret'],
  ['a.part.test:5000', 'secret/deep'],
  ['127.9', 'os'],
  ['127.0.0.9:5000', 'os'],
  ['2130706441', 'os'],
  ['[0:0:0:0:0:0:0:9]:5000', 'os'],
  ['docker.io', 'library/debian'],
  ['index.docker.io', 'library/debian'],
])('no other way to write a blocked server leads there: %s/%s', (host, repository) => {
  expect(() => routeOf(rules, host, repository)).toThrow(expect.objectContaining({ code: 'REGISTRY_BLOCKED' }));
});
