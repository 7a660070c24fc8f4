import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changelogsMediaType } from '../../../src/contract/changelogs.ts';
import { diffContainers } from '../../../src/flows/container/diff.ts';
import { inspectReference } from '../../../src/flows/container/inspect.ts';
import { listContainers } from '../../../src/flows/container/list.ts';
import { promote } from '../../../src/flows/container/promote.ts';
import { pruneContainers } from '../../../src/flows/container/prune.ts';
import { tagContainer } from '../../../src/flows/container/tag.ts';
import { digestOf } from '../../../src/lib/digest.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { attachTestResult, type TestResult } from '../../../src/oci/test-result.ts';
import type { Descriptor } from '../../../src/oci/types.ts';
import { ownPlace, type WorkDirectory, workDirectoryAt, writeSettings } from '../../../src/workspace/work-directory.ts';
import { cosa } from '../../cli/in-process.ts';
import { storeImage } from '../../helpers/image.ts';
import { type OsBuild, storeOsBuild } from '../../helpers/os-build.ts';
import { entry, tarOf } from '../../helpers/ostree-layers.ts';
import { silentSession } from '../../helpers/session.ts';
import { passedResult } from '../../helpers/test-result.ts';

const session = silentSession();
const settings = { config: { source: '/config' } };

let work: WorkDirectory;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-containers-'));
  await writeSettings(directory, settings);
  work = workDirectoryAt(directory, settings);
});

afterEach(() => rm(work.root, { recursive: true, force: true }));

const build = (parts: OsBuild) => storeOsBuild(work.oci, parts);

async function test(image: Descriptor, result: Partial<TestResult> = {}): Promise<void> {
  await using store = await openLayoutForWriting(work.oci);
  await attachTestResult(store, image, { ...passedResult(image), ...result });
}

async function tags(): Promise<string[]> {
  return (await listContainers(session, ownPlace(work))).containers.flatMap((container) => container.tags);
}

describe('listContainers', () => {
  it('lists builds newest first, with tags and tests', async () => {
    for (const version of ['13.9', '13.10']) await test(await build({ version }));
    const { containers } = await listContainers(session, ownPlace(work));
    expect(containers.map((container) => [container.version, container.tags, container.tests.length])).toEqual([
      ['13.10', ['13.10', 'stable-candidate'], 1],
      ['13.9', ['13.9'], 1],
    ]);
  });
});

describe('inspectReference', () => {
  it('shows of a derived container what it was made of, and the packages of its operating system', async () => {
    const base = { name: 'registry.example.com/os:stable', digest: digestOf('base') };
    const labels = {
      'org.opencontainers.image.base.name': base.name,
      'org.opencontainers.image.base.digest': base.digest,
    };
    await build({
      version: '1',
      packages: { bash: '5.2-1', sed: '4.9-2' },
      derived: { layers: [tarOf([entry('usr/bin/added', {}, 'x')]), tarOf([entry('etc/added', {}, 'y')])], labels },
    });
    expect(await inspectReference(session, work.root, '1')).toMatchObject({
      packages: 2,
      derived: { layers: 2, baseName: base.name, baseDigest: base.digest },
      remarks: [],
    });
    const { stdout } = await cosa(['inspect', `oci:${work.oci}:1`]);
    expect(stdout).toContain(
      `Derived       2 layers on top of the operating system, made of ${base.name}@${base.digest}\n`,
    );
  });

  it('shows whether files are labelled, and which policies there are', async () => {
    const policy = '/usr/etc/selinux/pond';
    const files = {
      '/usr/etc/selinux/config': 'SELINUX=enforcing\n',
      '/usr/etc/selinux/semanage.conf': '',
      [`${policy}/policy/policy.9`]: 'old',
      [`${policy}/policy/policy.33`]: 'new',
      [`${policy}/contexts/files/file_contexts`]: '/.* u:r:t\n',
      '/usr/etc/selinux/tools/semanage.conf': 'of a policy that is not there',
    };
    await build({ version: '1', files });
    const label = { name: 'security.selinux', value: Buffer.from('u:r:t\0') };
    await build({ version: '2', files, fileLabels: { of: () => label } });
    await build({ version: '3', files: { ...files, [`${policy}/contexts/files/file_contexts.local`]: '/x u:r:t\n' } });
    const seen = await Promise.all(
      ['1', '2', '3'].map(async (version) => {
        const { stdout } = await cosa(['inspect', '--json', `oci:${work.oci}:${version}`]);
        return JSON.parse(stdout).selinux;
      }),
    );
    const policies = [{ name: 'pond', version: 33, contextsDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) }];
    expect(seen.map(({ isLabelled }) => isLabelled)).toEqual([false, true, false]);
    for (const selinux of seen) expect(selinux.policies).toEqual(policies);
    expect(new Set(seen.map((selinux) => selinux.policies[0].contextsDigest)).size).toBe(3);
    const { stdout } = await cosa(['inspect', `oci:${work.oci}:2`]);
    expect(stdout).toContain('SELinux       labelled; policy pond, version 33\n');
    await build({ version: '4' });
    expect((await cosa(['inspect', `oci:${work.oci}:4`])).stdout).not.toContain('SELinux');

    const difference = async (from: string, to: string) => (await cosa(['-C', work.root, 'diff', from, to])).stdout;
    const labelled = 'labelled; policy pond, version 33';
    expect(await difference('4', '2')).toContain(`\n\nSELinux none → ${labelled}\n\n`);
    expect(await difference('2', '1')).toContain(`\n\nSELinux ${labelled} → not ${labelled}\n\n`);
    expect(await difference('1', '3')).toContain(`\n\nSELinux not ${labelled}; labels are made by other rules\n\n`);
    expect(await difference('2', '2')).not.toContain('SELinux');
    const { stdout: text } = await cosa(['-C', work.root, 'diff', '--json', '4', '2']);
    expect(JSON.parse(text).selinux).toEqual({ from: { isLabelled: false, policies: [] }, to: seen[1], changed: true });
  });

  it('shows the newest build with its packages, layers and tests', async () => {
    const image = await build({
      version: '13.1',
      packages: { bash: '5.2-1', sed: '4.9-2' },
      files: { '/usr/bin/x': 'x' },
    });
    await test(image);
    expect(await inspectReference(session, work.root, undefined)).toMatchObject({
      digest: image.digest,
      tags: ['13.1', 'stable-candidate'],
      packages: 2,
      layers: 3,
      tests: [{ suite: 'basic', passed: true }],
      referrers: [{ artifactType: 'application/vnd.cosa.test-result.v1+json' }],
    });
  });
});

describe('diffContainers', () => {
  it('tells packages, files, layers and the download', async () => {
    await build({
      version: '1',
      packages: { bash: '5.2-1', gone: '1', kept: '1:2.0', old: '2.10' },
      files: { '/usr/bin/bash': 'a', '/usr/bin/gone': 'g', '/usr/bin/kept': 'k' },
    });
    await build({
      version: '2',
      packages: { bash: '5.10-1', kept: '1:2.0', new: '3', old: '2.9' },
      files: { '/usr/bin/bash': 'b', '/usr/bin/kept': 'k', '/usr/bin/new': 'n' },
    });
    const difference = await diffContainers(session, work.root, '1', '2', { changelog: false });
    expect(difference.packages).toEqual({
      added: [{ name: 'new', version: '3' }],
      removed: [{ name: 'gone', version: '1' }],
      upgraded: [{ name: 'bash', from: '5.2-1', to: '5.10-1' }],
      downgraded: [{ name: 'old', from: '2.10', to: '2.9' }],
    });
    expect(difference.files).toEqual({
      added: ['/usr/bin/new'],
      removed: ['/usr/bin/gone'],
      changed: ['/usr/bin/bash', '/usr/share/coreos-assembler/manifest-lock.x86_64.json'],
    });
    expect(difference.layers).toEqual({ kept: 1, added: 4, removed: 4 });
    expect(difference.download).toBeGreaterThan(difference.to.size - 10_000);
    expect((await diffContainers(session, work.root, '1', '1', { changelog: false })).download).toBe(0);
  });
});

describe('the changelog between two containers', () => {
  const changelogEntry = (version: string, date: number) => ({
    version,
    author: 'Jane Doe',
    date,
    text: `of ${version}`,
  });

  async function attach(subject: Descriptor, changelogs: object | string): Promise<void> {
    await using store = await openLayoutForWriting(work.oci);
    const content = Buffer.from(typeof changelogs === 'string' ? changelogs : JSON.stringify(changelogs));
    await attachArtifact(store, subject, { artifactType: changelogsMediaType, content });
  }

  it('is that of what is newer', async () => {
    const [a, b] = [
      await build({ version: '1', packages: { bash: '5.2-1', old: '2' } }),
      await build({ version: '2', packages: { bash: '5.3-1', old: '1' } }),
    ];
    await attach(a, { sources: { bash: [changelogEntry('5.2-1', 1)], old: [changelogEntry('2', 1)] } });
    await attach(b, {
      sources: { bash: [changelogEntry('5.3-1', 2), changelogEntry('5.2-1', 1)], old: [changelogEntry('1', 0)] },
    });
    const { changelog } = await diffContainers(session, work.root, '1', '2', { changelog: true });
    const packages = [{ name: 'bash', from: '5.2-1', to: '5.3-1' }];
    expect(changelog).toEqual({
      sources: [{ source: 'bash', packages, entries: [changelogEntry('5.3-1', 2)], complete: true }],
    });
    const args = ['-C', work.root, 'diff', '--changelog', '1', '2'];
    const { stdout } = await cosa(args);
    expect(stdout).toContain('Changelog\n\nbash 5.2-1 → 5.3-1\n  5.3-1 1970-01-01 Jane Doe\n    | of 5.3-1\n\nFiles\n');
    expect(JSON.parse((await cosa([...args, '--json'])).stdout)).toMatchObject({
      changelog: { sources: [{ source: 'bash', entries: [{ version: '5.3-1', date: '1970-01-01T00:00:02Z' }] }] },
    });
  });

  it.each([
    ['lacks', undefined, /^no changelogs lie beside 2: it was made by others/],
    ['has another document as', '{}', /^the changelogs sha256:[0-9a-f]{64} are none: /],
    ['has no JSON as', 'x', /^the changelogs sha256:[0-9a-f]{64} are none: /],
  ])('is not known where one of them %s changelogs', async (_what, document, reason) => {
    const [a, b] = [await build({ version: '1' }), await build({ version: '2', packages: { bash: '1' } })];
    await attach(a, { sources: {} });
    if (document !== undefined) await attach(b, document);
    const { changelog } = await diffContainers(session, work.root, '1', '2', { changelog: true });
    expect(changelog).toEqual({ reason: expect.stringMatching(reason) });
    const { stdout } = await cosa(['-C', work.root, 'diff', '--changelog', '1', '2']);
    expect(stdout).toMatch(/^Changelog is not known: /m);
  });
});

describe('tagContainer', () => {
  it('gives another tag, found by digest prefix', async () => {
    const { digest } = await build({ version: '1' });
    await tagContainer(session, work.root, digest.slice(0, 20), ['last-good', 'x']);
    expect(await tags()).toEqual(['1', 'last-good', 'stable-candidate', 'x']);
  });

  it('gives it where the container lies', async () => {
    const layout = join(work.root, 'other');
    await using store = await openLayoutForWriting(layout);
    const image = await storeImage(store, []);
    await store.setTags(['x'], image);
    const { place } = await tagContainer(session, work.root, `oci:${layout}:x`, ['y']);
    expect(place).toBe(`oci:${layout}`);
    expect((await store.resolveTag('y'))?.digest).toBe(image.digest);
    await expect(tagContainer(session, work.root, `oci:${layout}:x`, ['y z'])).rejects.toMatchObject({
      code: 'TAG_INVALID',
    });
  });
});

describe('pruneContainers', () => {
  it('keeps the newest builds of a stream and what other tags point to', async () => {
    for (const version of ['13.1', '13.2', '13.3', '13.4', '13.5']) await build({ version });
    await tagContainer(session, work.root, '13.2', ['last-good']);
    const options = { keep: 2, dryRun: true };
    expect((await pruneContainers(session, ownPlace(work), options)).tags).toEqual(['13.1', '13.3']);
    await pruneContainers(session, ownPlace(work), { ...options, dryRun: false });
    expect(await tags()).toEqual(['13.5', 'stable-candidate', '13.4', '13.2', 'last-good']);
  });

  it('never removes what a stream or its candidate points to', async () => {
    await build({ version: '13.1' });
    await pruneContainers(session, ownPlace(work), { keep: 0, dryRun: false });
    expect(await tags()).toEqual(['13.1', 'stable-candidate']);
  });
});

describe('promote', () => {
  const options = { stream: 'stable', from: undefined, require: ['basic'], dryRun: false };

  it('moves the stream to a candidate that has passed, once', async () => {
    const image = await build({ version: '13.1' });
    await test(image);
    const dry = await promote(session, work.root, { ...options, dryRun: true });
    expect(await tags()).toEqual(['13.1', 'stable-candidate']);
    expect(await promote(session, work.root, options)).toEqual(dry);
    expect(dry).toEqual({
      stream: `oci:${work.oci}:stable`,
      digest: image.digest,
      version: '13.1',
      previous: undefined,
      moved: true,
    });
    expect(await promote(session, work.root, options)).toMatchObject({ moved: false });
    expect(await tags()).toEqual(['13.1', 'stable', 'stable-candidate']);
  });

  it('goes back to an older version that has passed', async () => {
    const older = await build({ version: '13.1' });
    await test(older);
    await build({ version: '13.2' });
    expect(await promote(session, work.root, { ...options, from: '13.1' })).toMatchObject({
      digest: older.digest,
      moved: true,
    });
  });

  const passed = { name: 'ssh', status: 'passed', milliseconds: 1 } as const;
  const failed = { name: 'reboot', status: 'failed', milliseconds: 1 } as const;
  const later = '2026-01-02T00:00:00Z';
  const refusals: { name: string; results: Partial<TestResult>[]; require?: string[]; reason: string }[] = [
    { name: 'nothing was run', results: [], reason: 'basic has not been run for it' },
    { name: 'only a part was run', results: [{ complete: false }], reason: 'basic has not been run for it' },
    { name: 'another suite was run', results: [{ suite: 'upgrade' }], reason: 'basic has not been run for it' },
    { name: 'a test failed', results: [{ tests: [passed, failed] }], reason: 'basic/reboot failed with uefi' },
    {
      name: 'the last run failed',
      results: [{}, { complete: false, tests: [failed], started: later }],
      reason: 'basic/reboot failed with uefi',
    },
    {
      name: 'it failed with one firmware',
      results: [{ tests: [failed], firmware: 'bios' }, { started: later }],
      reason: 'basic/reboot failed with bios',
    },
    {
      name: 'a test that is asked for was not run',
      results: [{}],
      require: ['basic', 'basic/update', 'deploy'],
      reason: 'basic/update has not been run for it; deploy has not been run for it',
    },
  ];
  it('says how to run what is missing, and that alone', async () => {
    const image = await build({ version: '13.1' });
    await test(image, {});
    const require = ['basic', 'basic/packages', 'deploy', 'deploy/deployment'];
    await expect(promote(session, work.root, { ...options, require })).rejects.toMatchObject({
      hint: `run the tests: cosa test basic.packages deploy deploy.deployment --from oci:${work.oci}@${image.digest}`,
    });
  });

  it.each([
    ['depoly', 'did you mean deploy?'],
    ['nonsense', expect.stringMatching(/^suites are basic, /) as string],
  ])('knows no test called %s', async (name, hint) => {
    await build({ version: '13.1' });
    await expect(promote(session, work.root, { ...options, require: [name] })).rejects.toMatchObject({
      code: 'TEST_UNKNOWN',
      exitStatus: 2,
      message: `no test is called "${name}"`,
      hint,
    });
  });

  it.each(refusals)('refuses when $name', async ({ results, require = ['basic'], reason }) => {
    const image = await build({ version: '13.1' });
    for (const result of results) await test(image, result);
    await expect(promote(session, work.root, { ...options, require })).rejects.toMatchObject({
      code: 'TESTS_NOT_PASSED',
      exitStatus: 4,
      message: `stable-candidate (${image.digest}) is not promoted to stable: ${reason}`,
    });
    expect(await tags()).toEqual(['13.1', 'stable-candidate']);
  });

  it('does not take the results of another digest', async () => {
    await test(await build({ version: '13.1' }));
    await build({ version: '13.2' });
    await expect(promote(session, work.root, options)).rejects.toMatchObject({ code: 'TESTS_NOT_PASSED' });
  });

  it('counts the last run of each test', async () => {
    const image = await build({ version: '13.1' });
    await test(image, { tests: [passed, failed] });
    await expect(promote(session, work.root, options)).rejects.toMatchObject({ code: 'TESTS_NOT_PASSED' });
    expect(await promote(session, work.root, { ...options, require: ['basic/ssh'] })).toMatchObject({ moved: true });
    await test(image, { complete: false, tests: [{ ...failed, status: 'passed' }], started: later });
    expect(await promote(session, work.root, options)).toMatchObject({ moved: false });
    await test(image, { complete: false, tests: [{ ...passed, status: 'failed' }], started: '2026-01-03T00:00:00Z' });
    await expect(promote(session, work.root, options)).rejects.toMatchObject({ code: 'TESTS_NOT_PASSED' });
  });
});
