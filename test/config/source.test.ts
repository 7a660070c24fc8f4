import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { describeConfigSource, isGitUrl, publicUrl } from '../../src/config/source.ts';
import { run } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { temporaryDirectory, writeFiles } from './support.ts';

const commitTime = 1_700_000_000;

async function gitIn(directory: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'init.defaultBranch=main'];
  const date = `${commitTime} +0000`;
  const env = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const { stdout } = await run(tools.git, [...identity, ...args], { cwd: directory, env });
  return stdout.trim();
}

describe('a checkout', () => {
  let base: string;
  let revision: string;
  beforeEach(async () => {
    base = await writeFiles({ 'os/manifest.yaml': 'a', 'other/file': 'b', '.gitignore': 'ignored\n' });
    await gitIn(base, 'init', '--quiet');
    await gitIn(base, 'add', '.');
    await gitIn(base, 'commit', '--quiet', '--message', 'first');
    await gitIn(base, 'remote', 'add', 'origin', 'https://user:secret@example.com/os.git');
    revision = await gitIn(base, 'rev-parse', 'HEAD');
  });
  const expected = (dirty: boolean) => ({ url: 'https://example.com/os.git', revision, commitTime, dirty });

  test('gives URL, revision and time', async () => {
    expect(await describeConfigSource(base)).toEqual(expected(false));
    expect(await describeConfigSource(join(base, 'os'))).toEqual(expected(false));
  });

  test('is dirty by what changed at or below the config alone', async () => {
    await writeFiles({ 'other/file': 'changed', 'other/new': '' }, base);
    expect(await describeConfigSource(join(base, 'os'))).toEqual(expected(false));
    expect(await describeConfigSource(base)).toEqual(expected(true));
    await writeFiles({ 'os/new': '' }, base);
    expect(await describeConfigSource(join(base, 'os'))).toEqual(expected(true));
  });

  test('is found through a link', async () => {
    const link = join(await temporaryDirectory(), 'config');
    await symlink(join(base, 'os'), link);
    expect(await describeConfigSource(link)).toEqual(expected(false));
  });

  test('does not count for a directory that git knows nothing in', async () => {
    await writeFiles({ 'ignored/manifest.yaml': '', 'fresh/manifest.yaml': '' }, base);
    expect(await describeConfigSource(join(base, 'ignored'))).toBeUndefined();
    expect(await describeConfigSource(join(base, 'fresh'))).toBeUndefined();
  });

  test('of a repository on this machine has no URL', async () => {
    await gitIn(base, 'remote', 'set-url', 'origin', '/srv/os.git');
    expect(await describeConfigSource(base)).toEqual({ ...expected(false), url: undefined });
    await gitIn(base, 'remote', 'remove', 'origin');
    expect(await describeConfigSource(base)).toEqual({ ...expected(false), url: undefined });
  });

  test('that is damaged is an error', async () => {
    await writeFiles({ '.git/refs/heads/main': 'f'.repeat(40) }, base);
    await expect(describeConfigSource(base)).rejects.toMatchObject({ code: 'GIT_FAILED' });
  });
});

test('a plain directory and a repository without commits have no source', async () => {
  const base = await temporaryDirectory();
  expect(await describeConfigSource(base)).toBeUndefined();
  await gitIn(base, 'init', '--quiet');
  expect(await describeConfigSource(base)).toBeUndefined();
});

test.each([
  ['https://example.com/os.git', 'https://example.com/os.git'],
  ['https://user:secret@example.com/os.git', 'https://example.com/os.git'],
  ['https://token@example.com:8443/os.git', 'https://example.com:8443/os.git'],
  ['ssh://git:secret@example.com/os.git', 'ssh://git@example.com/os.git'],
  ['git@example.com:os.git', 'git@example.com:os.git'],
  ['git://example.com/os.git', 'git://example.com/os.git'],
  ['file:///srv/os.git', undefined],
  ['/srv/os.git', undefined],
  ['../os', undefined],
  ['./a:b', undefined],
])('%s is published as %s', (url, expected) => {
  expect(publicUrl(url)).toBe(expected);
});

test.each([
  ['https://example.com/os.git', true],
  ['git@example.com:os.git', true],
  ['host:os.git', true],
  ['ext::sh -c id', false],
  ['ext://sh', false],
  ['ftp://example.com/os.git', false],
  ['HTTPS://example.com/os.git', false],
  ['ext::sh', false],
  ['--upload-pack=id', false],
  ['dir/with:colon', false],
  ['', false],
])('isGitUrl(%j) is %s', (text, expected) => {
  expect(isGitUrl(text)).toBe(expected);
});
