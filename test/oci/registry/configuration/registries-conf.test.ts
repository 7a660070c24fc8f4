import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRegistryRules } from '../../../../src/oci/registry/configuration/read-rules.ts';
import { parseRules } from '../../../../src/oci/registry/configuration/registries-conf.ts';

const file = '/etc/containers/registries.conf';

test('reads what containers-registries.conf(5) has', () => {
  const text = `
unqualified-search-registries = ["docker.io"]
short-name-mode = "enforcing"

[[registry]]
location = "registry.test:5000"
insecure = true

[[registry]]
prefix = "os.test/debian"
location = "mirror.test/os"
mirror-by-digest-only = true
[[registry.mirror]]
location = "near.test:5000/cache"
insecure = true
[[registry.mirror]]
location = "far.test"

[[registry]]
prefix = "*.example.com"
blocked = true
mirror = [{ location = "near.test", pull-from-mirror = "tag-only" }]

[aliases]
debian = "docker.io/library/debian"
`;
  expect(parseRules(text, file)).toEqual([
    { file, prefix: 'registry.test:5000', location: 'registry.test:5000', insecure: true, blocked: false, mirrors: [] },
    {
      file,
      prefix: 'os.test/debian',
      location: 'mirror.test/os',
      insecure: false,
      blocked: false,
      mirrors: [
        { location: 'near.test:5000/cache', insecure: true, pull: 'digest-only' },
        { location: 'far.test', insecure: false, pull: 'digest-only' },
      ],
    },
    {
      file,
      prefix: '*.example.com',
      location: undefined,
      insecure: false,
      blocked: true,
      mirrors: [{ location: 'near.test', insecure: false, pull: 'tag-only' }],
    },
  ]);
});

test('reads what others write: empty prefixes, slashes at the end, capitals, addresses', () => {
  const text = `
[[registry]]
prefix = ""
location = "X.example/"
[[registry]]
prefix = "y.example/os//"
location = "[::1]:5000"
[[registry.mirror]]
location = "[fd00::1]/cache/"
`;
  expect(parseRules(text, file)).toMatchObject([
    { prefix: 'x.example', location: 'X.example' },
    { prefix: 'y.example/os', location: '[::1]:5000', mirrors: [{ location: '[fd00::1]/cache' }] },
  ]);
});

test('an empty file has no rules', () => {
  expect(parseRules('', file)).toEqual([]);
});

test.each([
  ['[[registry]\n', 'Invalid TOML document: expected end of table array declaration'],
  ['[[registry]]\ninsecure = true\n', `registry 1: needs a prefix or a location`],
  ['[[registry]]\nlocation = "https://a.test"\n', `registry 1 location: must be HOST[:PORT][/PATH]`],
  ['[[registry]]\nlocation = "a.test/../b"\n', `registry 1 location: must be HOST[:PORT][/PATH]`],
  ['[[registry]]\nprefix = "*"\n', `registry 1 prefix: must be HOST[:PORT][/PATH] or *.DOMAIN`],
  ['[[registry]]\nprefix = "https://a.test"\n', `registry 1 prefix: must be HOST[:PORT][/PATH] or *.DOMAIN`],
  ['[[registry]]\nprefix = "a.test/os:1"\n', `registry 1 prefix: must be HOST[:PORT][/PATH] or *.DOMAIN`],
  ['[[registry]]\nprefix = ""\nlocation = ""\n', `registry 1: needs a prefix or a location`],
  [
    '[[registry]]\nprefix = "a.test"\nblocked = true\n[[registry]]\nprefix = "A.test:443/"\n',
    `registry 2: a.test is in registry 1 already`,
  ],
  [
    '[[registry]]\nlocation = "a.test"\nblocked = true\n[[registry]]\nprefix = "b.test"\nlocation = "a.test"\n',
    `registry 2: a.test is blocked here and not in registry 1, or the reverse`,
  ],
  [
    '[[registry]]\nlocation = "a.test"\ninsecure = "yes"\n',
    `registry 1 insecure: Invalid input: expected boolean, received string`,
  ],
  [
    '[[registry]]\nlocation = "a.test"\n[[registry.mirror]]\n',
    `registry 1 mirror 1 location: Invalid input: expected string, received undefined`,
  ],
  ['[registries.search]\nregistries = ["a.test"]\n', `registries: this is version 1 of the format`],
])('refuses %j', (text, message) => {
  expect(() => parseRules(text, file)).toThrow(
    expect.objectContaining({
      code: 'REGISTRIES_CONF_INVALID',
      message,
      exitStatus: 2,
      hint: 'see containers-registries.conf(5)',
    }),
  );
});

test('says where the mistake is', () => {
  expect(() => parseRules('a = 1\nb = \n', file)).toThrow(
    expect.objectContaining({ where: { file, line: 2, column: expect.any(Number) } }),
  );
});

let home: string;
let system: string;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
  home = join(directory, 'home');
  system = join(directory, 'system');
});

afterEach(() => rm(dirname(home), { recursive: true }));

async function rule(path: string, prefix: string, location: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n`);
}

async function locations(environment: NodeJS.ProcessEnv): Promise<Record<string, string | undefined>> {
  const rules = await readRegistryRules(environment, system);
  return Object.fromEntries(rules.map(({ prefix, location }) => [prefix, location]));
}

test('without files there are no rules', async () => {
  expect(await locations({ HOME: home })).toEqual({});
  expect(await locations({})).toEqual({});
});

test("the user's file takes the place of the system's; files in directories add to it and come last", async () => {
  await rule(join(system, 'registries.conf'), 'a.test', 'system');
  await rule(join(system, 'registries.conf.d', '10.conf'), 'b.test', 'system-10');
  await rule(join(system, 'registries.conf.d', '20.conf'), 'b.test', 'system-20');
  await rule(join(system, 'registries.conf.d', 'README'), 'b.test', 'no');
  expect(await locations({ HOME: home })).toEqual({ 'a.test': 'system', 'b.test': 'system-20' });

  await rule(join(home, '.config/containers/registries.conf'), 'c.test', 'user');
  await rule(join(home, '.config/containers/registries.conf.d/05.conf'), 'b.test', 'user-05');
  expect(await locations({ HOME: home })).toEqual({ 'c.test': 'user', 'b.test': 'user-05' });
  expect(await locations({ HOME: '/nowhere', XDG_CONFIG_HOME: join(home, '.config') })).toEqual({
    'c.test': 'user',
    'b.test': 'user-05',
  });
});

test.each([
  '[[registry]]\nprefix = "a.test"\nlocation = "b.test"\n',
  '\t[[ "registry" ]]\nprefix = "a.test"\nlocation = "b.test"\n',
  'registry = [{ prefix = "a.test", location = "b.test" }]\n',
  '[aliases]\nx = "a.test/x"\n[[registry]]\nprefix = "a.test"\nlocation = "b.test"\n',
])('rules are found however they are written: %j', async (text) => {
  await mkdir(system);
  await writeFile(join(system, 'registries.conf'), text);
  expect(await locations({})).toEqual({ 'a.test': 'b.test' });
});

test.each(['registries.search.registries = ["a.test"]\n', '[registries.search]\nregistries = ["a.test"]\n'])(
  'version 1 is noticed: %j',
  async (text) => {
    await mkdir(system);
    await writeFile(join(system, 'registries.conf'), text);
    await expect(locations({})).rejects.toMatchObject({ code: 'REGISTRIES_CONF_INVALID', exitStatus: 2 });
  },
);

test('short names are no rules', async () => {
  await mkdir(system);
  await writeFile(
    join(system, 'registries.conf'),
    '# [[registry]]\n[aliases]\n"registry" = "docker.io/library/registry"\n',
  );
  expect(await locations({})).toEqual({});
});

test('a file that is named is the only one', async () => {
  await rule(join(system, 'registries.conf'), 'a.test', 'system');
  const named = join(home, 'named.conf');
  await rule(named, 'd.test', 'named');
  expect(await locations({ HOME: home, CONTAINERS_REGISTRIES_CONF: named })).toEqual({ 'd.test': 'named' });
});
