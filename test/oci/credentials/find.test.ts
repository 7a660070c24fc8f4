import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authFileLocations, primaryAuthFile } from '../../../src/oci/credentials/locations.ts';
import { findCredentials } from '../../../src/oci/credentials.ts';
import { makeCredentialHelper, writeCredentialHelper } from '../../helpers/credential-helper.ts';
import { everythingIn } from '../../helpers/everything-in.ts';

let directory: string;
let environment: NodeJS.ProcessEnv;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-credentials-'));
  environment = { HOME: join(directory, 'home'), XDG_RUNTIME_DIR: join(directory, 'run') };
});

afterEach(() => rm(directory, { recursive: true, force: true }));

function auth(username: string, password = 'secret') {
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') };
}

async function write(path: string, content: unknown): Promise<string> {
  const file = join(directory, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const host = 'registry.example.com';

describe('where credentials are looked for', () => {
  const inOrder = [
    'run/containers/auth.json',
    'home/.config/containers/auth.json',
    'home/.docker/config.json',
    'home/.dockercfg',
  ];

  it('is one file after the other, until one has some', async () => {
    expect(await findCredentials(host, 'os/a', {}, environment)).toBeUndefined();
    for (const path of inOrder.toReversed()) {
      const auths = { [host]: auth(path) };
      await write(path, path.endsWith('.dockercfg') ? auths : { auths });
      expect(await findCredentials(host, 'os/a', {}, environment)).toEqual({ username: path, password: 'secret' });
    }
  });

  it.each([
    [{ XDG_CONFIG_HOME: 'settings' }, 'settings/containers/auth.json'],
    [{ DOCKER_CONFIG: 'docker' }, 'docker/config.json'],
    [{ REGISTRY_AUTH_FILE: 'named.json' }, 'named.json'],
  ])('follows %j', async (variables, path) => {
    await write(path, { auths: { [host]: auth('me') } });
    const named = Object.entries(variables).map(([name, value]) => [name, join(directory, value)]);
    const changed = { ...environment, ...(Object.fromEntries(named) as NodeJS.ProcessEnv) };
    expect(await findCredentials(host, 'os/a', {}, changed)).toMatchObject({ username: 'me' });
    expect(await findCredentials(host, 'os/a', {}, environment)).toBeUndefined();
  });

  it('is the named file alone', async () => {
    for (const path of inOrder) await write(path, { auths: { [host]: auth('other') } });
    const authFile = await write('named.json', { auths: {} });
    expect(await findCredentials(host, 'os/a', { authFile }, environment)).toBeUndefined();
    const changed = { ...environment, REGISTRY_AUTH_FILE: authFile };
    expect(await findCredentials(host, 'os/a', {}, changed)).toBeUndefined();
    expect(await findCredentials(host, 'os/a', {}, { ...environment, REGISTRY_AUTH_FILE: '' })).toBeDefined();
    expect(
      await findCredentials(host, 'os/a', {}, { ...environment, REGISTRY_AUTH_FILE: '/dev/null' }),
    ).toBeUndefined();
  });

  it.each([
    [{ XDG_RUNTIME_DIR: '/run/user/1000' }, '/run/user/1000/containers/auth.json'],
    [{}, `/run/containers/${process.getuid?.() ?? 0}/auth.json`],
    // As root of a user namespace: the user's file, not that of root.
    [{ _CONTAINERS_ROOTLESS_UID: '1000' }, '/run/containers/1000/auth.json'],
  ])('begins, and is written, with %j at %s', (variables, path) => {
    expect(primaryAuthFile({}, variables)).toBe(path);
    expect(authFileLocations({}, variables)[0]?.path).toBe(path);
  });

  it('is nowhere for an environment that says nothing', async () => {
    expect(await findCredentials('no-such-host.invalid', 'os/a', {}, {})).toBeUndefined();
  });

  it('must be there if it was named', async () => {
    const authFile = join(directory, 'absent.json');
    await expect(findCredentials(host, 'os/a', { authFile }, environment)).rejects.toMatchObject({
      code: 'AUTH_FILE_MISSING',
      exitStatus: 2,
      message: `--authfile ${authFile}: there is no such file`,
      hint: `make it with: cosa login --authfile ${authFile} HOST`,
    });
  });
});

describe('which entry is meant', () => {
  async function found(auths: Record<string, object>, asked: string, repository = 'os/debian/main') {
    const authFile = await write('auth.json', { auths });
    const credentials = await findCredentials(asked, repository, { authFile }, environment);
    return credentials !== undefined && 'username' in credentials ? credentials.username : credentials;
  }

  it.each([
    [host, `${host}:443`],
    [`${host}:5000`, host],
    [host, `registry.example.com.evil.test`],
    [host, 'example.com'],
    [host, `sub.${host}`],
    [`${host}/os`, `${host}:5000`],
  ])('credentials of %s are not for %s', async (kept, asked) => {
    expect(await found({ [kept]: auth('me') }, asked)).toBeUndefined();
  });

  it('is the one with the longest namespace', async () => {
    const auths = { [host]: auth('host'), [`${host}/os`]: auth('os'), [`${host}/os/debian`]: auth('debian') };
    expect(await found(auths, host)).toBe('debian');
    expect(await found(auths, host, 'os/fedora')).toBe('os');
    expect(await found(auths, host, 'os')).toBe('os');
    expect(await found(auths, host, 'osx/debian')).toBe('host');
  });

  it('is written as an address by Docker, whose path means nothing', async () => {
    expect(await found({ [`https://${host}/v1/`]: auth('me') }, host)).toBe('me');
    expect(await found({ [`http://${host}`]: auth('me') }, host)).toBe('me');
    expect(await found({ [`https://${host}/v1/`]: auth('address'), [host]: auth('plain') }, host)).toBe('plain');
  });

  it.each(['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io'])(
    'for docker.io is %s, too',
    async (key) => {
      expect(await found({ [key]: auth('me') }, 'docker.io', 'library/debian')).toBe('me');
    },
  );

  it('may be an identity token', async () => {
    expect(await found({ [host]: { ...auth('me'), identitytoken: 'token' } }, host)).toEqual({
      identityToken: 'token',
    });
  });

  it('is none that is empty, as podman and Docker leave them', async () => {
    expect(await found({ [`${host}/os`]: {}, [host]: auth('me') }, host)).toBe('me');
    expect(await found({ [host]: { auth: '' } }, host)).toBeUndefined();
  });

  it('may have a password with colons, and letters of all kinds', async () => {
    const authFile = await write('auth.json', { auths: { [host]: auth('me', 'a:b:ü') } });
    const expected = { username: 'me', password: 'a:b:ü' };
    expect(await findCredentials(host, '', { authFile }, environment)).toEqual(expected);
  });
});

describe('a file that is not as it should be', () => {
  const cases: [what: string, content: string, message: string, line?: number, column?: number][] = [
    ['no JSON', '{\n  "auths": {\n    "a": hunter2\n}', 'credentials cannot be read: it is not JSON', 3, 10],
    ['cut off', '{"auths": {"a": {"auth": "hunter2"}', 'credentials cannot be read: it is not JSON', 1, 36],
    [
      'a list',
      '["hunter2"]',
      'credentials cannot be read: the document: Invalid input: expected object, received array',
    ],
    [
      'an entry that is text',
      `{"auths": {"${host}": "hunter2"}}`,
      `credentials cannot be read: auths.${host}: Invalid input: expected object, received string`,
    ],
    [
      'no base64',
      `{"auths": {"${host}": {"auth": "hunter2:hunter2"}}}`,
      `credentials cannot be read: auths.${host}.auth: expected the base64 of USERNAME:PASSWORD`,
    ],
    [
      'no colon',
      `{"auths": {"${host}": {"auth": "aHVudGVyMg=="}}}`,
      `credentials cannot be read: auths.${host}.auth: expected the base64 of USERNAME:PASSWORD`,
    ],
  ];
  it.each(cases)('%s: says where, and never what', async (_, content, message, line, column) => {
    const authFile = await write('auth.json', content);
    const error = await findCredentials(host, 'os/a', { authFile }, environment).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'AUTH_FILE_INVALID', exitStatus: 2, message });
    expect(error).toMatchObject({ where: { file: authFile, ...(line === undefined ? {} : { line, column }) } });
    expect(everythingIn(error)).not.toContain('hunter2');
  });

  it('is not even read if it is huge', async () => {
    const authFile = await write('auth.json', ' '.repeat(5 * 1024 * 1024));
    await expect(findCredentials(host, '', { authFile }, environment)).rejects.toMatchObject({
      code: 'AUTH_FILE_INVALID',
    });
  });
});

describe('a credential helper', () => {
  async function asked(server: string, file: object, path: string) {
    const authFile = await write('config.json', file);
    return findCredentials(server, 'os/a', { authFile }, { ...environment, PATH: path });
  }

  it('is asked for its host, by credHelpers or credsStore', async () => {
    const path = await makeCredentialHelper(directory, 'test');
    const kept = JSON.stringify({ ServerURL: host, Username: 'me', Secret: 'secret' });
    await write(`kept/${host}`, kept);
    const expected = { username: 'me', password: 'secret' };
    expect(await asked(host, { credHelpers: { [host]: 'test' } }, path)).toEqual(expected);
    expect(await asked(host, { credsStore: 'test' }, path)).toEqual(expected);
    expect(await readFile(join(directory, 'calls'), 'utf8')).toBe('get\nget\n');
    // Another host's helper is not even started.
    expect(await asked('other.example.com', { credHelpers: { [host]: 'test' } }, path)).toBeUndefined();
    expect(await readFile(join(directory, 'calls'), 'utf8')).toBe('get\nget\n');
  });

  it('may keep an identity token', async () => {
    const path = await makeCredentialHelper(directory, 'test');
    await write(`kept/${host}`, JSON.stringify({ ServerURL: host, Username: '<token>', Secret: 'token' }));
    expect(await asked(host, { credsStore: 'test' }, path)).toEqual({ identityToken: 'token' });
  });

  it('knows docker.io by its old address', async () => {
    const path = await writeCredentialHelper(
      directory,
      'test',
      '#!/bin/sh\nprintf \'{"Username":"%s","Secret":"x"}\' "$(cat)"\n',
    );
    const expected = { username: 'https://index.docker.io/v1/', password: 'x' };
    expect(await asked('docker.io', { credsStore: 'test' }, path)).toEqual(expected);
  });

  it('that knows nothing leaves it to the entries, but for a host of its own', async () => {
    const path = await makeCredentialHelper(directory, 'test');
    const auths = { [host]: auth('me') };
    expect(await asked(host, { credsStore: 'test', auths }, path)).toMatchObject({ username: 'me' });
    expect(await asked(host, { credHelpers: { [host]: 'test' }, auths }, path)).toBeUndefined();
  });

  it.each(['../sh', '-x', '', 'a/b', 'a b'])('cannot be called %j', async (name) => {
    await expect(asked(host, { credHelpers: { [host]: name } }, '/usr/bin')).rejects.toMatchObject({
      code: 'CREDENTIAL_HELPER_NAME',
      exitStatus: 2,
      message: `${JSON.stringify(name)} is not the name of a credential helper`,
    });
  });

  it('that is not installed is a missing program', async () => {
    await expect(asked(host, { credsStore: 'absent' }, '/usr/bin')).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      exitStatus: 3,
    });
  });

  it.each([
    ['echo hunter2; echo hunter2 >&2; exit 1', 'its exit status is 1'],
    ['echo hunter2', 'it printed no JSON with Username and Secret'],
    ['exec yes hunter2', 'it was ended early'],
    ['kill -9 $$', 'it was ended early'],
  ])('that fails (%s) is never quoted', async (body, why) => {
    const path = await writeCredentialHelper(directory, 'test', `#!/bin/sh\n${body}\n`);
    const error = await asked(host, { credsStore: 'test' }, path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'CREDENTIAL_HELPER_FAILED',
      message: `docker-credential-test get for ${host} failed: ${why}`,
    });
    expect(everythingIn(error)).not.toContain('hunter2');
  });
});
