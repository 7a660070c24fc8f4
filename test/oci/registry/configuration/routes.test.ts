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
