import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CosaError, formatPosition } from '../../../src/lib/errors.ts';
import { type RpmRepository, readRepositories } from '../../../src/packages/rpm/repositories.ts';
import { requestFor } from '../../helpers/rpm-repository.ts';

describe('the sections of .repo files', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
  });
  afterEach(async () => rm(directory, { recursive: true }));

  async function read(text: string, change: Parameters<typeof requestFor>[2] = {}): Promise<RpmRepository> {
    const path = join(directory, 'a.repo');
    await writeFile(path, `# a comment\n[a]\n${text}`);
    const [first] = await readRepositories(requestFor([{ name: 'a', path, text }], [], change));
    if (first === undefined) throw new Error('no repository');
    return first;
  }

  test('give what dnf reads of them', async () => {
    const text = [
      'name=A',
      'baseurl = http://one.example.com/$releasever/$basearch/os',
      '  https://two.example.com/${contentdir}/$arch/',
      'gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-fedora-$releasever-$basearch, other.asc',
      'repo_gpgcheck=1',
      'priority=10',
      'cost: 500',
      'includepkgs=kernel* bash',
      'excludepkgs=vim',
      'exclude=emacs',
      'module_hotfixes=true',
      'skip_if_unavailable=yes',
      'username=me',
      'password=secret',
      'proxy=http://proxy.example.com:3128',
      'sslverify=0',
      'sslcacert=ca.pem',
      'countme=1',
      'metadata_expire=7d',
    ].join('\n');
    const repository = await read(text, {
      variables: { releasever: '42' },
      repositoryVariables: { contentdir: 'pub' },
    });
    expect(repository).toMatchObject({
      baseUrls: ['http://one.example.com/42/x86_64/os/', 'https://two.example.com/pub/x86_64/'],
      metalink: undefined,
      mirrorlist: undefined,
      checksPackages: true,
      checksIndex: true,
      keys: ['file:///etc/pki/rpm-gpg/RPM-GPG-KEY-fedora-42-x86_64', 'other.asc'],
      priority: 10,
      cost: 500,
      includes: ['kernel*', 'bash'],
      excludes: ['vim', 'emacs'],
      moduleHotfixes: true,
      isOptional: true,
      connection: {
        proxy: 'http://proxy.example.com:3128/',
        credentials: 'me:secret',
        verify: false,
        authorities: join(directory, 'ca.pem'),
      },
      remarks: [],
    });
  });

  test('check packages unless they say otherwise, and nobody’s index', async () => {
    const repository = await read('metalink=https://mirrors.example.com/metalink?repo=a&arch=$basearch\n');
    expect(repository).toMatchObject({
      metalink: 'https://mirrors.example.com/metalink?repo=a&arch=x86_64',
      checksPackages: true,
      checksIndex: false,
      priority: 99,
      cost: 1000,
      isOptional: false,
    });
    expect((await read('baseurl=file:///srv/a\ngpgcheck=0\n')).checksPackages).toBe(false);
  });

  test('say of options without effect what may have been meant', async () => {
    expect((await read('baseurl=http://a/\ngpgchek=1\nfrobnicate=1\n')).remarks).toEqual([
      'the repository "a": the option "gpgchek" has no effect; did you mean "gpgcheck"?',
      'the repository "a": the option "frobnicate" has no effect',
    ]);
  });

  test.each([
    ['name=A\n', 'a.repo:2', 'it has none of baseurl, metalink and mirrorlist', undefined],
    [
      'baseurl=ftp://a/\n',
      'a.repo:3',
      '"ftp://a/" is not an address that packages can be fetched from',
      'one that begins with http:, https:, file:',
    ],
    [
      'name=A\nbaseurl=http://a/$nothing/\n',
      'a.repo:4',
      '$nothing has no value',
      'give it one in the manifest: "repovars: {nothing: …}"',
    ],
    [
      'baseurl=http://a/$releasever/\n',
      'a.repo:3',
      '$releasever has no value',
      'give it one in the manifest: "releasever: "42""',
    ],
    ['baseurl=http://a/\ngpgcheck=maybe\n', 'a.repo:4', '"maybe" is neither 1 nor 0', undefined],
    ['baseurl=http://a/\npriority=high\n', 'a.repo:4', '"high" is no number', undefined],
    [
      'baseurl=http://a/\nproxy=socks://p\n',
      'a.repo:4',
      '"socks://p" is no address of a proxy',
      'one that begins with http: or https:',
    ],
  ])('%j is refused with its line', async (text, where, message, hint) => {
    const error: unknown = await read(text).catch((thrown: unknown) => thrown);
    if (!(error instanceof CosaError)) throw new Error('expected a CosaError', { cause: error });
    expect({ code: error.code, exitStatus: error.exitStatus, message: error.message, hint: error.hint }).toEqual({
      code: 'REPOSITORY_INVALID',
      exitStatus: 2,
      message: `the repository "a": ${message}`,
      hint,
    });
    expect(error.where && formatPosition(error.where).replace(`${directory}/`, '')).toBe(where);
  });
});
