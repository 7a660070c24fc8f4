import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeAllCredentials, removeCredentials, storeCredentials } from '../../../src/oci/credentials/store.ts';
import { findCredentials } from '../../../src/oci/credentials.ts';
import { makeCredentialHelper, writeCredentialHelper } from '../../helpers/credential-helper.ts';
import { everythingIn } from '../../helpers/everything-in.ts';

let directory: string;
let environment: NodeJS.ProcessEnv;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-login-'));
  environment = { HOME: join(directory, 'home'), XDG_RUNTIME_DIR: join(directory, 'run') };
  file = join(directory, 'run', 'containers', 'auth.json');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const host = 'registry.example.com:5000';
const me = { username: 'me', password: 'secret' };
const encoded = Buffer.from('me:secret').toString('base64');

async function writeAuthFile(content: unknown): Promise<void> {
  await mkdir(join(directory, 'run', 'containers'), { recursive: true });
  await writeFile(file, JSON.stringify(content), { mode: 0o644 });
}

async function written(): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}

describe('credentials that are stored', () => {
  it('are found again, and are for their owner alone', async () => {
    expect(await storeCredentials(host, me, {}, environment)).toBe(file);
    expect(await findCredentials(host, 'os/a', {}, environment)).toEqual(me);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'run', 'containers'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(directory, 'run', 'containers'))).toEqual(['auth.json']);
  });

  it('leave nothing of what killed processes had begun to write: secrets are in it', async () => {
    await mkdir(join(directory, 'run/containers'), { recursive: true });
    await writeFile(join(directory, 'run/containers/.auth.json.1-01234567.tmp'), 'half');
    await storeCredentials(host, me, {}, environment);
    expect(await readdir(join(directory, 'run/containers'))).toEqual(['auth.json']);
  });

  it('leave what else is in the file, and close it to others', async () => {
    const others = { 'other.example.com': { auth: encoded, email: 'me@example.com' } };
    await writeAuthFile({ auths: others, credHelpers: { 'a.example.com': 'x' }, HttpHeaders: { a: '1' } });
    await storeCredentials(host, me, {}, environment);
    expect(await written()).toEqual({
      auths: { ...others, [host]: { auth: encoded } },
      credHelpers: { 'a.example.com': 'x' },
      HttpHeaders: { a: '1' },
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('take the place of those that were there, under the name that is there', async () => {
    await writeAuthFile({
      auths: { 'https://index.docker.io/v1/': { auth: 'b2xkOm9sZA==', identitytoken: 'old' }, 'docker.io': {} },
    });
    await storeCredentials('docker.io', me, {}, environment);
    expect(await written()).toEqual({ auths: { 'https://index.docker.io/v1/': { auth: encoded } } });
  });

  it('leave a link a link', async () => {
    const real = join(directory, 'real.json');
    await writeFile(real, '{}');
    const authFile = join(directory, 'link.json');
    await symlink('real.json', authFile);
    expect(await storeCredentials(host, me, { authFile }, environment)).toBe(authFile);
    expect((await lstat(authFile)).isSymbolicLink()).toBe(true);
    expect(JSON.parse(await readFile(real, 'utf8'))).toEqual({ auths: { [host]: { auth: encoded } } });
  });

  it('do not get lost where many are stored at once', async () => {
    const hosts = Array.from({ length: 8 }, (_, index) => `registry-${index}.example.com`);
    await Promise.all(hosts.map((name) => storeCredentials(name, me, {}, environment)));
    for (const name of hosts) expect(await findCredentials(name, '', {}, environment)).toEqual(me);
  });

  it('do not replace a file that cannot be read', async () => {
    await mkdir(join(directory, 'run', 'containers'), { recursive: true });
    await writeFile(file, '{"auths": ');
    await expect(storeCredentials(host, me, {}, environment)).rejects.toMatchObject({ code: 'AUTH_FILE_INVALID' });
    expect(await readFile(file, 'utf8')).toBe('{"auths": ');
  });

  it('go to the helper that the file names for the host', async () => {
    const withHelper = { ...environment, PATH: await makeCredentialHelper(directory, 'test') };
    await writeAuthFile({ credHelpers: { [host]: 'test' } });
    expect(await storeCredentials(host, me, {}, withHelper)).toBe('docker-credential-test');
    expect(await findCredentials(host, '', {}, withHelper)).toEqual(me);
    expect(await written()).toEqual({ credHelpers: { [host]: 'test' } });
  });

  it('go to the helper for all hosts, and leave an empty entry as Docker does', async () => {
    const withHelper = { ...environment, PATH: await makeCredentialHelper(directory, 'test') };
    await writeAuthFile({ credsStore: 'test' });
    expect(await storeCredentials(host, me, {}, withHelper)).toBe('docker-credential-test');
    expect(await findCredentials(host, '', {}, withHelper)).toEqual(me);
    expect(await written()).toEqual({ auths: { [host]: {} }, credsStore: 'test' });
  });

  it('are not shown if a helper refuses them', async () => {
    const script = '#!/bin/sh\ncat; cat >&2; exit 1\n';
    const withHelper = { ...environment, PATH: await writeCredentialHelper(directory, 'test', script) };
    await writeAuthFile({ credsStore: 'test' });
    const error = await storeCredentials(host, me, {}, withHelper).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'CREDENTIAL_HELPER_FAILED',
      message: `docker-credential-test store for ${host} failed: its exit status is 1`,
    });
    expect(everythingIn(error)).not.toContain('secret');
  });
});

describe('credentials that are removed', () => {
  it('are gone, and no others', async () => {
    await storeCredentials(host, me, {}, environment);
    await storeCredentials('registry.example.com', me, {}, environment);
    expect(await removeCredentials(host, {}, environment)).toBe(true);
    expect(await removeCredentials(host, {}, environment)).toBe(false);
    expect(await written()).toEqual({ auths: { 'registry.example.com': { auth: encoded } } });
  });

  it('are those of a helper, too', async () => {
    const withHelper = { ...environment, PATH: await makeCredentialHelper(directory, 'test') };
    await writeAuthFile({ credsStore: 'test' });
    await storeCredentials(host, me, {}, withHelper);
    expect(await removeCredentials(host, {}, withHelper)).toBe(true);
    expect(await findCredentials(host, '', {}, withHelper)).toBeUndefined();
    expect(await removeCredentials(host, {}, withHelper)).toBe(false);
  });

  it('are all of them, of files and helpers', async () => {
    const withHelper = { ...environment, PATH: await makeCredentialHelper(directory, 'test') };
    await writeAuthFile({
      auths: { 'a.example.com': { auth: encoded }, 'b.example.com/os': { auth: encoded }, 'c.example.com': {} },
      credHelpers: { [host]: 'test' },
    });
    await storeCredentials(host, me, {}, withHelper);
    expect(await removeAllCredentials({}, withHelper)).toEqual(['a.example.com', 'b.example.com/os', host]);
    expect(await written()).toEqual({ auths: {}, credHelpers: { [host]: 'test' } });
    expect(await removeAllCredentials({}, withHelper)).toEqual([]);
  });

  it('leave no file where there was none', async () => {
    expect(await removeCredentials(host, {}, environment)).toBe(false);
    expect(await removeAllCredentials({}, environment)).toEqual([]);
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
