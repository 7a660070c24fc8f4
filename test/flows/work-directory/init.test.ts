import { lstat, mkdtemp, readdir, readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { formatLockfile } from '../../../src/contract/lockfile.ts';
import { candidateTag } from '../../../src/contract/tags.ts';
import { run } from '../../../src/exec/run.ts';
import { tools } from '../../../src/exec/tools.ts';
import { readBuildInputs } from '../../../src/flows/container/next-build/inputs.ts';
import { type InitOptions, initWorkDirectory } from '../../../src/flows/work-directory/init.ts';
import { hostArchitecture } from '../../../src/lib/architecture.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { openReference } from '../../../src/oci/open.ts';
import { openWorkDirectory } from '../../../src/workspace/work-directory.ts';
import { cosa } from '../../cli/in-process.ts';
import { minimalConfig, writeFiles } from '../../config/support.ts';
import { storeImage } from '../../helpers/image.ts';
import { silentSession } from '../../helpers/session.ts';
import { startTestingRegistry } from '../../helpers/testing-registry.ts';

const session = silentSession();

let base: string;
let work: string;
beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'cosa-init-')));
  work = join(base, 'work');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(base, { recursive: true, force: true });
});

const init = (options: Partial<InitOptions>) =>
  initWorkDirectory(session, { directory: work, force: false, ...options });

async function gitIn(directory: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'init.defaultBranch=main'];
  return (await run(tools.git, [...identity, ...args], { cwd: directory })).stdout.trim();
}

/** A repository with the branches `main` and `next`; the manifest says which one it is of. */
async function makeRepository(): Promise<string> {
  const repository = join(base, 'repository');
  await writeFiles({ 'manifest.yaml': 'ref: main\n' }, repository);
  await gitIn(repository, 'init', '--quiet');
  await gitIn(repository, 'add', '.');
  await gitIn(repository, 'commit', '--quiet', '--message', 'main');
  await gitIn(repository, 'checkout', '--quiet', '-b', 'next');
  await writeFile(join(repository, 'manifest.yaml'), 'ref: next\n');
  await gitIn(repository, 'commit', '--quiet', '--all', '--message', 'next');
  await gitIn(repository, 'checkout', '--quiet', 'main');
  return repository;
}

const manifest = () => readFile(join(work, 'src/config/manifest.yaml'), 'utf8');

describe('a directory', () => {
  test('is linked, and recorded', async () => {
    const config = await writeFiles(minimalConfig, join(base, 'config'));
    const opened = await init({ source: config, stream: 'next' });
    expect(await readlink(join(work, 'src/config'))).toBe(config);
    expect(opened).toMatchObject(await openWorkDirectory(work));
    expect(opened.settings).toEqual({ config: { source: config }, stream: 'next' });
  });

  test('of a git checkout is recorded with its revision', async () => {
    const repository = await makeRepository();
    const { settings } = await init({ source: repository });
    expect(settings.config).toEqual({ source: repository, revision: await gitIn(repository, 'rev-parse', 'main') });
    expect((await lstat(join(work, 'src/config'))).isSymbolicLink()).toBe(true);
  });

  test('that is in its place already stays there', async () => {
    await writeFiles(minimalConfig, join(work, 'src/config'));
    await init({ source: join(work, 'src/config'), force: true });
    expect((await lstat(join(work, 'src/config'))).isDirectory()).toBe(true);
    expect(await manifest()).toBe(minimalConfig['manifest.yaml']);
  });
});

describe('a git repository', () => {
  test('is cloned at a branch', async () => {
    const repository = await makeRepository();
    const { settings } = await init({ source: repository, branch: 'next' });
    expect(await manifest()).toBe('ref: next\n');
    expect(settings.config).toEqual({
      source: repository,
      branch: 'next',
      revision: await gitIn(repository, 'rev-parse', 'next'),
    });
  });

  test('is cloned from a URL', async () => {
    const repository = await makeRepository();
    await init({ source: `file://${repository}` });
    expect(await manifest()).toBe('ref: main\n');
  });

  test('without files is cloned', async () => {
    const repository = await makeRepository();
    await gitIn(base, 'clone', '--quiet', '--bare', repository, 'bare');
    await init({ source: join(base, 'bare') });
    expect(await manifest()).toBe('ref: main\n');
  });

  test('that cannot be cloned leaves nothing behind', async () => {
    await expect(init({ source: `file://${base}/nowhere` })).rejects.toMatchObject({ code: 'TOOL_FAILED' });
    expect(await readdir(join(work, 'src'))).toEqual([]);
    await expect(openWorkDirectory(work)).rejects.toMatchObject({ code: 'WORK_DIRECTORY_MISSING' });
  });
});

describe('--force', () => {
  test('is needed to overwrite', async () => {
    const repository = await makeRepository();
    await init({ source: repository });
    await expect(init({ source: repository })).rejects.toMatchObject({
      code: 'WORK_DIRECTORY_EXISTS',
      exitStatus: 2,
      message: `${work} already is a work directory, of ${repository}`,
    });
    await rm(join(work, 'cosa.json'));
    await expect(init({ source: repository })).rejects.toMatchObject({ message: `${work} already has a src/config` });
  });

  test('says for which stream the work directory was', async () => {
    const config = await writeFiles(
      { ...minimalConfig, 'manifest.yaml': 'variables: {stream: stable}\n' },
      join(base, 'config'),
    );
    expect(await init({ source: config, stream: 'next' })).toMatchObject({ stream: 'next', formerStream: undefined });
    const run = (...args: string[]) => cosa(['-C', work, '--quiet', 'init', '--force', config, ...args]);
    const here = process.cwd();
    onTestFinished(() => process.chdir(here));
    expect(await run()).toMatchObject({
      status: 0,
      stdout: `${work} builds ${config}, for the stream stable (was next). Next: cosa ostree build\n`,
    });
    expect(await run('--stream', 'stable')).toMatchObject({
      stdout: `${work} builds ${config}, for the stream stable. Next: cosa ostree build\n`,
    });
    const { stdout } = await run('--json', '--stream', 'next');
    expect(JSON.parse(stdout)).toMatchObject({ stream: 'next', formerStream: 'stable' });
  });

  test('replaces config and settings, keeps everything else', async () => {
    const repository = await makeRepository();
    await init({ source: repository, branch: 'next', stream: 'next' });
    await writeFiles({ 'oci/index.json': '{}' }, work);
    await init({ source: repository, force: true });
    expect(await manifest()).toBe('ref: main\n');
    expect((await openWorkDirectory(work)).settings.stream).toBeUndefined();
    expect(await readdir(join(work, 'src'))).toEqual(['config']);
    expect(await readFile(join(work, 'oci/index.json'), 'utf8')).toBe('{}');
  });

  test('never replaces a directory by a link into itself', async () => {
    await writeFiles({ 'sub/manifest.yaml': 'ref: a\n' }, join(work, 'src/config'));
    const inside = join(work, 'src/config/sub');
    await expect(init({ source: inside, force: true })).rejects.toMatchObject({
      code: 'INIT_SOURCE',
      message: `${inside} lies in ${join(work, 'src/config')}, which would be replaced`,
    });
    expect(await readFile(join(inside, 'manifest.yaml'), 'utf8')).toBe('ref: a\n');
  });

  test('leaves the old config alone if the new one cannot be had', async () => {
    const repository = await makeRepository();
    await init({ source: repository });
    await writeFiles({ 'other/file': '' }, base);
    await expect(init({ source: join(base, 'other'), force: true })).rejects.toMatchObject({ code: 'INIT_SOURCE' });
    await expect(init({ source: repository, branch: 'none', force: true })).rejects.toMatchObject({
      code: 'TOOL_FAILED',
    });
    expect(await manifest()).toBe('ref: main\n');
  });
});

/** Serves a directory over HTTP on the loopback interface until the test ends: git can clone from plain files. */
async function serve(directory: string): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    readFile(join(directory, pathname.slice(1))).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });
  onTestFinished(() => void server.close());
  vi.stubEnv('no_proxy', '127.0.0.1');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/`;
}

describe('a container', () => {
  const source = 'org.opencontainers.image.source';
  const revision = 'org.opencontainers.image.revision';
  const commit = 'a'.repeat(40);

  async function makeContainer(labels: Record<string, string>, tag = 'stable'): Promise<string> {
    await using layout = await openLayoutForWriting(join(base, 'oci'));
    await layout.setTags([tag], await storeImage(layout, [], labels));
    return `oci:${join(base, 'oci')}:${tag}`;
  }

  const lockedConfig = {
    'manifest.yaml': 'metadata: {name: test-os}\nvariables: {stream: configured}\nrepos: [debian]\n',
    'manifest-lock.x86_64.json': formatLockfile({
      family: 'deb' as const,
      basearch: 'x86_64',
      repositoryTimestamp: 1_700_000_000,
      packages: [],
    }),
  };

  async function digestOf(reference: string): Promise<string> {
    return (await openReference(reference, work, silentSession().registries)).descriptor.digest;
  }

  test('is recorded by its digest beside a source of its own, and stays where it is', async () => {
    const reference = await makeContainer({});
    const digest = await digestOf(reference);
    const config = await writeFiles(minimalConfig, join(base, 'config'));
    const { settings } = await init({ ostree: reference, source: config });
    expect(settings).toEqual({ config: { source: config }, upstream: { reference, digest }, stream: 'stable' });
    expect(await readdir(work)).toEqual(['cosa.json', 'src']);
    expect((await openWorkDirectory(work)).settings).toEqual(settings);
  });

  test.each([
    ['its label', { 'com.coreos.stream': 'testing-devel' }, 'stable-candidate', undefined, 'testing-devel'],
    ['its label, though it could be no tag', { 'com.coreos.stream': 'a b' }, 'stable', 'mine', 'mine'],
    ['its tag', {}, 'testing-devel', undefined, 'testing-devel'],
    ["its candidate's tag", {}, 'testing-devel-candidate', undefined, 'testing-devel'],
    ['--stream', { 'com.coreos.stream': 'testing-devel' }, 'stable', 'mine', 'mine'],
    [
      'the config, for a version tells nothing',
      { 'org.opencontainers.image.version': '13.0.1' },
      '13.0.1',
      undefined,
      'configured',
    ],
  ])('gives its stream to the next build: %s', async (_, labels, tag, stream, expected) => {
    const reference = await makeContainer(labels, tag);
    const config = await writeFiles({ ...lockedConfig, 'debian.sources': 'Types: deb\n' }, join(base, 'config'));
    const initialized = await init({ ostree: reference, source: config, stream });
    expect(initialized.stream).toBe(expected);
    const opened = await openWorkDirectory(work);
    const inputs = await readBuildInputs(session, opened, {
      architecture: hostArchitecture().name,
      maxLayers: 64,
      compression: 'zstd',
    });
    expect(candidateTag(inputs.stream)).toBe(`${expected}-candidate`);
  });

  test('whose stream can be no tag is refused unless another is named', async () => {
    const reference = await makeContainer({ 'com.coreos.stream': 'a b' });
    const config = await writeFiles(minimalConfig, join(base, 'config'));
    await expect(init({ ostree: reference, source: config })).rejects.toMatchObject({
      code: 'ANNOTATION_INVALID',
      exitStatus: 4,
      message: `${reference} names "a b" as its stream, which cannot be a tag`,
      hint: 'choose one yourself: --stream STREAM',
    });
  });

  test.each([
    [{}, 'ANNOTATION_MISSING', / does not say which config it was built from$/],
    [
      { [source]: '/etc', [revision]: commit },
      'ANNOTATION_INVALID',
      / names "\/etc" as its source, which is no git URL$/,
    ],
    [{ [source]: 'file:///etc', [revision]: commit }, 'ANNOTATION_INVALID', / which is no git URL$/],
    [{ [source]: 'ftp://example.com/os.git', [revision]: commit }, 'ANNOTATION_INVALID', / which is no git URL$/],
    [{ [source]: 'ext::sh', [revision]: commit }, 'ANNOTATION_INVALID', / which is no git URL$/],
    [{ [source]: '--upload-pack=sh', [revision]: commit }, 'ANNOTATION_INVALID', / which is no git URL$/],
    [
      { [source]: 'https://example.com/os.git', [revision]: '--help' },
      'ANNOTATION_INVALID',
      / names "--help" as its revision, no git commit$/,
    ],
  ])('with %j is no source', async (labels, code, message) => {
    const reference = await makeContainer(labels);
    await expect(init({ ostree: reference })).rejects.toMatchObject({
      code,
      exitStatus: 4,
      message: expect.stringMatching(message),
    });
  });

  test('gives the config at the commit that it was built from', async () => {
    const repository = await makeRepository();
    const built = await gitIn(repository, 'rev-parse', 'main');
    await gitIn(repository, 'commit', '--quiet', '--allow-empty', '--message', 'later');
    await gitIn(repository, 'update-server-info');
    const url = await serve(join(repository, '.git'));
    const reference = await makeContainer({ [source]: url, [revision]: `${built}-dirty` });
    const { settings } = await init({ ostree: reference });
    expect(settings).toEqual({
      config: { source: url, revision: built },
      upstream: { reference, digest: await digestOf(reference) },
      stream: 'stable',
    });
    expect(await gitIn(join(work, 'src/config'), 'rev-parse', 'HEAD')).toBe(built);
    expect(await manifest()).toBe('ref: main\n');
  });
});

describe('a container in a registry', () => {
  test('is recorded by its digest: its manifest and config are read, and no layer', async () => {
    await using registry = await startTestingRegistry();
    const repository = await session.registries.repository(registry.host, 'os');
    const image = await storeImage(repository, [Buffer.from('one'), Buffer.from('two')]);
    await repository.setTags(['stable'], image);
    const config = await writeFiles(minimalConfig, join(base, 'config'));
    const reference = `docker://${registry.host}/os:stable`;
    registry.log.length = 0;
    const options = { directory: work, source: config, ostree: reference, force: false };
    const { settings } = await initWorkDirectory(silentSession(), options);
    expect(settings.upstream).toEqual({ reference, digest: image.digest });
    const read = registry.log.filter(({ method, path }) => method === 'GET' && path !== '/v2/');
    expect(read.map(({ path }) => path.split('/').at(-2))).toEqual(['manifests', 'blobs']);
    expect(await readdir(work)).toEqual(['cosa.json', 'src']);
  });

  test('that is not there is said to be missing, with near tags, and nothing is made', async () => {
    await using registry = await startTestingRegistry();
    const repository = await session.registries.repository(registry.host, 'os');
    await repository.setTags(['stable'], await storeImage(repository, []));
    await expect(init({ ostree: `docker://${registry.host}/os:stabel` })).rejects.toMatchObject({
      code: 'TAG_UNKNOWN',
      exitStatus: 2,
      hint: 'did you mean stable?',
    });
    await expect(lstat(work)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('refused', () => {
  test.each([
    [{}, 'INIT_SOURCE', 'nothing says where the config is'],
    [{ source: 'nowhere' }, 'INIT_SOURCE', '"nowhere" is neither a directory nor a git URL'],
    [{ source: 'x', stream: 'a b' }, 'INIT_STREAM', '--stream: "a b" cannot be a stream\'s name: it becomes a tag'],
  ])('%j', async (options, code, message) => {
    await expect(init(options)).rejects.toMatchObject({ code, message, exitStatus: 2 });
  });

  test('a directory without a manifest, and one without the branch', async () => {
    await expect(init({ source: base })).rejects.toMatchObject({ message: `there is no manifest.yaml in ${base}` });
    await expect(init({ source: base, branch: 'x' })).rejects.toMatchObject({
      message: `${base} is no git repository: it has no branch "x"`,
    });
  });
});
