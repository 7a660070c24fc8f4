import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run, tryRun } from '../../../src/exec/run.ts';
import { findCredentials } from '../../../src/oci/credentials.ts';
import { cosa } from '../../cli/in-process.ts';
import { type DockerRegistry, startDockerRegistry } from '../../helpers/docker-registry.ts';
import { skopeo } from '../../helpers/peers.ts';

describe.each(['basic', 'token'] as const)('a real registry with %s authentication', (authentication) => {
  let directory: string;
  let authFile: string;
  let registry: DockerRegistry;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cosa-login-'));
    registry = await startDockerRegistry({ authentication });
  });

  beforeEach(async () => {
    authFile = join(directory, 'auth.json');
    await rm(authFile, { force: true });
  });

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  function logIn(password: string) {
    const args = ['login', registry.host, '--authfile', authFile, '--username', registry.builder.name];
    return cosa([...args, '--password-stdin', '--verbose'], { stdin: Readable.from([password]) });
  }

  it('takes our login, which skopeo then uses', async () => {
    expect(await logIn(registry.builder.password)).toMatchObject({ status: 0 });
    const { stdout } = await run(skopeo, ['login', '--get-login', '--authfile', authFile, registry.host]);
    expect(stdout.trim()).toBe(registry.builder.name);
    // The repository does not exist; who is let in is told so.
    const listed = await tryRun(skopeo, [
      'list-tags',
      '--authfile',
      authFile,
      '--tls-verify=false',
      `docker://${registry.host}/os/absent`,
    ]);
    expect(listed.stderr).not.toMatch(/unauthorized|authentication required/);
    await run(skopeo, ['logout', '--authfile', authFile, registry.host]);
    expect(await findCredentials(registry.host, 'os/a', { authFile }, {})).toBeUndefined();
  });

  it('refuses a wrong password, and nothing is kept or shown', async () => {
    const { status, stdout, stderr } = await logIn('not-the-password');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(registry.host);
    expect(stderr).not.toContain('not-the-password');
    await expect(readFile(authFile)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it("takes skopeo's login, which is then ours", async () => {
    const { name: username, password } = registry.reader;
    const where = ['--authfile', authFile, '--tls-verify=false'];
    await run(skopeo, ['login', ...where, '-u', username, '--password-stdin', registry.host], { input: password });
    expect(await findCredentials(registry.host, 'os/a', { authFile }, {})).toEqual({ username, password });
    const { status } = await cosa(['logout', registry.host, '--authfile', authFile]);
    expect(status).toBe(0);
    expect((await tryRun(skopeo, ['login', '--get-login', '--authfile', authFile, registry.host])).exitCode).not.toBe(
      0,
    );
  });
});
