import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findCredentials } from '../../src/oci/credentials.ts';
import type { Authentication } from '../helpers/testing-registry/authentication.ts';
import { startTestingRegistry, type TestingRegistry } from '../helpers/testing-registry.ts';
import { cosa } from './in-process.ts';

const password = 'cor:rect horse';
const users = [{ name: 'me', password, access: 'push' as const }];
const kinds: Authentication[] = [
  { kind: 'basic', users },
  { kind: 'bearer', users, anonymous: 'pull' },
];

let directory: string;
let environment: NodeJS.ProcessEnv;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-login-'));
  environment = { XDG_RUNTIME_DIR: directory };
  file = join(directory, 'containers', 'auth.json');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

describe.each(kinds)('login at a registry with $kind authentication', (authentication) => {
  let registry: TestingRegistry & AsyncDisposable;

  beforeEach(async () => {
    registry = await startTestingRegistry({ authentication });
  });

  afterEach(() => registry[Symbol.asyncDispose]());

  test('keeps what the registry takes', async () => {
    const { host } = registry;
    const stdin = Readable.from([`${password}\n`]);
    const args = ['login', host, '--username', 'me', '--password-stdin'];
    const { status, stdout, stderr } = await cosa(args, { environment, stdin });
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${host} knows you as me; kept in ${file}\n` });
    expect(stdout + stderr).not.toContain(password);
    expect(await findCredentials(host, 'os/a', {}, environment)).toEqual({ username: 'me', password });
  });

  test('asks on a terminal, and shows no password', async () => {
    const { host } = registry;
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    // The first answer is corrected while it is typed; the second comes once the first is taken.
    stdin.once('pause', () => stdin.write(`${password}\r`));
    stdin.write('mu\u007fe\r');
    const { status, stdout, stderr } = await cosa(['login', host], { environment, stdin, terminal: true });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('knows you as me') });
    expect(stderr).toContain(`User name at ${host}: `);
    expect(stderr).toContain(`Password of me at ${host}: \n`);
    expect(stderr).not.toContain('horse');
  });

  test.each([[], ['--verbose'], ['--json']])(
    'keeps nothing that the registry refuses, and shows none of it (%j)',
    async (...flags) => {
      const { host } = registry;
      const stdin = Readable.from(['wrong horse']);
      const args = ['login', host, '-u', 'me', '--password-stdin', ...flags];
      const { status, stdout, stderr } = await cosa(args, { environment, stdin });
      expect(status).toBe(1);
      expect(stderr).toContain(host);
      expect(stdout + stderr).not.toContain('horse');
      expect(stdout + stderr).not.toContain(Buffer.from('me:wrong horse').toString('base64'));
      await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );
});

test('a registry that asks nobody is said to do so', async () => {
  await using registry = await startTestingRegistry();
  const stdin = Readable.from(['anything']);
  const args = ['login', registry.host, '--quiet', '--username', 'me', '--password-stdin'];
  expect(await cosa(args, { environment, stdin })).toEqual({
    status: 0,
    stdout: `${registry.host} asks nobody who they are; kept in ${file} all the same\n`,
    stderr: '',
  });
});

describe('login that cannot begin', () => {
  const cases: [args: string[], stdin: string, message: string][] = [
    [
      ['registry.test'],
      '',
      'error: the user name at registry.test is not given, and nobody can be asked\nhint: add --username NAME\n',
    ],
    [
      ['registry.test', '-u', 'me'],
      '',
      'error: the password is not given, and nobody can be asked\nhint: pipe it in, with --password-stdin\n',
    ],
    [['registry.test', '-u', 'me', '--password-stdin'], '\n', 'error: the password is empty\n'],
    [
      ['registry.test', '-u', 'm:e', '--password-stdin'],
      'x',
      'error: a user name has at least one character and no ":"\n',
    ],
    [
      ['https://registry.test/v2/', '-u', 'me', '--password-stdin'],
      'x',
      'error: "https://registry.test/v2/" is not a registry\'s host\nhint: write registry.test\n',
    ],
    [
      ['registry test', '-u', 'me', '--password-stdin'],
      'x',
      'error: "registry test" is not a registry\'s host\nhint: write it as in references: HOST or HOST:PORT\n',
    ],
    [
      ['registry.test', '-u', 'me', '--password-stdin'],
      'x'.repeat(65 * 1024),
      'error: stdin has more than 65536 bytes\n',
    ],
    [
      ['registry.test', '-u', 'me', 'a-password'],
      '',
      "error: too many arguments for 'login'. Expected 1 argument but got 2.\nhint: see cosa login --help\n",
    ],
  ];
  test.each(cases)('%j', async (args, text, message) => {
    const stdin = Readable.from([text]);
    expect(await cosa(['login', ...args], { environment, stdin })).toEqual({ status: 2, stdout: '', stderr: message });
  });

  test('a terminal that closes is no answer', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    stdin.end();
    const { status, stderr } = await cosa(['login', 'registry.test'], { environment, stdin, terminal: true });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('User name at registry.test: was not answered'),
    });
  });
});

describe('logout', () => {
  async function keep(host: string): Promise<void> {
    const { storeCredentials } = await import('../../src/oci/credentials/store.ts');
    await storeCredentials(host, { username: 'me', password }, {}, environment);
  }

  test('forgets one host', async () => {
    await keep('registry.test');
    await keep('other.test');
    const forgotten = { status: 0, stdout: 'registry.test: forgotten\n' };
    expect(await cosa(['logout', 'registry.test', '--quiet'], { environment })).toMatchObject(forgotten);
    expect(await cosa(['logout', 'registry.test', '--quiet'], { environment })).toMatchObject({
      stdout: 'registry.test: nothing was kept\n',
    });
    expect(await findCredentials('other.test', '', {}, environment)).toBeDefined();
  });

  test('forgets all hosts', async () => {
    await keep('registry.test');
    await keep('other.test');
    const { stdout } = await cosa(['logout', '--all', '--json'], { environment });
    expect(JSON.parse(stdout)).toEqual({ removed: ['other.test', 'registry.test'] });
    expect(await cosa(['logout', '--all', '--quiet'], { environment })).toMatchObject({ stdout: 'nothing was kept\n' });
  });

  test('says what still counts', async () => {
    await keep('registry.test');
    const other = { XDG_RUNTIME_DIR: join(directory, 'other'), XDG_CONFIG_HOME: directory };
    expect(await cosa(['logout', 'registry.test', '--quiet'], { environment: other })).toMatchObject({
      stdout: `registry.test: nothing was kept; those in ${file} still count\n`,
    });
  });

  test.each([[[]], [['registry.test', '--all']]])('takes a host or --all: %j', async (args) => {
    expect(await cosa(['logout', ...args], { environment })).toEqual({
      status: 2,
      stdout: '',
      stderr: 'error: logout takes either a host or --all\nhint: see cosa logout --help\n',
    });
  });
});
