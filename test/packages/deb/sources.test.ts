import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSources } from '../../../src/packages/deb/sources.ts';

const complete = 'Types: deb\nURIs: http://deb.test/debian\nSuites: stable\nComponents: main\n';

describe('readSources', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function read(text: string, variables: Record<string, string> = {}) {
    const path = join(directory, 'os.sources');
    await writeFile(path, text);
    return readSources([{ name: 'os', path }], (name) => Promise.resolve(variables[name]));
  }

  test('gives each enabled paragraph, with variables filled in and addresses that end with a slash', async () => {
    const text = `${complete}\nEnabled: no\n${complete}\nTypes: deb\nURIs: \${mirror}-security http://b/\nSuites: \${suite}\n`;
    const sources = await read(text, { mirror: 'http://a/debian', suite: 'next' });
    expect(sources.map(({ repository, uris }) => ({ repository, uris }))).toEqual([
      { repository: 'os', uris: ['http://deb.test/debian/'] },
      { repository: 'os', uris: ['http://a/debian-security/', 'http://b/'] },
    ]);
    expect(sources[1]?.fields).toContainEqual({ name: 'Suites', value: 'next' });
  });

  test('finds a key beside the file, and leaves an embedded key and a fingerprint as they are', async () => {
    await writeFile(join(directory, 'os.asc'), 'key');
    const key = async (signedBy: string) =>
      (await read(`${complete}Signed-By:${signedBy}\n`))[0]?.fields.find(({ name }) => name === 'Signed-By')?.value;
    expect(await key(' os.asc')).toBe(join(directory, 'os.asc'));
    expect(await key(' 0123456789ABCDEF0123456789ABCDEF01234567')).toBe('0123456789ABCDEF0123456789ABCDEF01234567');
    const embedded = '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc';
    expect(await key(embedded)).toBe(embedded);
  });

  test.each([
    [
      'Trusted: yes',
      'REPOSITORY_UNTRUSTED',
      '"Trusted" is refused: the signatures of repositories are always checked',
      5,
    ],
    [
      'allow-insecure: yes',
      'REPOSITORY_UNTRUSTED',
      '"allow-insecure" is refused: the signatures of repositories are always checked',
      5,
    ],
    ['Suite: x', 'REPOSITORY_INVALID', '"Suite" is not a field of a repository', 5],
    ['Architectures: ${arch}', 'REPOSITORY_INVALID', '${arch} has no value', 5],
    ['Signed-By: no-such.asc', 'REPOSITORY_KEY_MISSING', /^the repository's key .*\/no-such\.asc cannot be read$/, 5],
    ['nonsense', 'CONTROL_SYNTAX', '"nonsense" is not a field: expected "Name: value"', 5],
  ])('refuses "%s"', async (line, code, message, number) => {
    await expect(read(`${complete}${line}\n`)).rejects.toMatchObject({
      code,
      exitStatus: 2,
      message: message instanceof RegExp ? expect.stringMatching(message) : message,
      where: { file: join(directory, 'os.sources'), line: number },
    });
  });

  test.each([
    ['Types: deb\nSuites: stable\n', 'this repository has no field "URIs"', 1],
    ['Types: deb\nURIs: ftp://x/\nSuites: a\n', '"ftp://x/" is not an address that packages can be fetched from', 2],
    ['Types: deb\nURIs: debian\nSuites: a\n', '"debian" is not an address that packages can be fetched from', 2],
  ])('refuses %j', async (text, message, line) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'REPOSITORY_INVALID', message, where: { line } });
  });

  test('knows what may have been meant', async () => {
    await expect(read(`${complete}Signed-by-: x\n`)).rejects.toMatchObject({ hint: 'did you mean "Signed-By"?' });
  });
});

test('what the config says of a repository counts, with the lines of its file', async () => {
  const text = '\n\nTypes: deb\nURIs: http://a.example/\nSuites: s\nTrusted: yes\n';
  const file = { name: 'os', path: '/config/os.sources', text };
  await expect(readSources([file], () => Promise.resolve(undefined))).rejects.toMatchObject({
    code: 'REPOSITORY_UNTRUSTED',
    where: { file: '/config/os.sources', line: 6 },
  });
});
