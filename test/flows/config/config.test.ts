import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { tools } from '../../../src/exec/tools.ts';
import { checkConfig } from '../../../src/flows/config/check.ts';
import { diffConfigs } from '../../../src/flows/config/diff.ts';
import { showConfig } from '../../../src/flows/config/show.ts';
import type { ArchitectureName } from '../../../src/lib/architecture.ts';
import { CosaError } from '../../../src/lib/errors.ts';
import type { PipelineEvent } from '../../../src/progress/events.ts';
import type { ConfigRequest } from '../../../src/workspace/config-directory.ts';
import { cosa } from '../../cli/in-process.ts';
import { temporaryDirectory, writeFiles } from '../../config/support.ts';
import { silentSession } from '../../helpers/session.ts';

const requestFor = (directory: string, more: Partial<ConfigRequest> = {}): ConfigRequest => ({
  directory,
  config: directory,
  architecture: 'x86_64',
  variables: [],
  ...more,
});

async function show(directory: string, more: Partial<ConfigRequest> = {}) {
  const events: PipelineEvent[] = [];
  const document = await showConfig(
    { ...silentSession(), events: (event) => void events.push(event) },
    requestFor(directory, more),
  );
  return { ...document, warnings: events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])) };
}

const files = {
  'manifest.yaml': `metadata: {name: pond}
releasever: 41
variables: {stream: stable}
ref: pond/\${stream}
include: parts/water.yaml
packages-x86_64: [heron]
ostree-layers: [overlay/05core]
repos: [brook]
lockfile-repos: [pool]
`,
  'parts/water.yaml': 'packages: [rook crow]\ndefault-target: multi-user.target\n',
  'all.repo': '[brook]\nbaseurl=https://example.com/b\n[pool]\nbaseurl=https://example.com/p\nenabled=0\n',
  'image.yaml': 'include: base.yaml\nextra-kargs: [a]\nothers-key: "{stream}"\n',
  'base.yaml': 'extra-kargs: [b]\nsize: 12\n',
  'platforms.yaml': 'x86_64:\n  aws: {kernel_arguments: [console=ttyS0]}\n',
  'overlay.d/05core/etc/sudoers.d/x': 'x',
  'overlay.d/05core/statoverride': '=288 /etc/sudoers.d/x\n',
  'manifest-lock.x86_64.json': '{"packages": {"crow": {"evra": "1-2.x86_64"}, "rook": {"evr": "2-1"}}}',
  'manifest-lock.overrides.yaml': 'packages:\n  crow: {evr: 3-1}\n',
};

test('a config is one document, with the place of each value', async () => {
  const { value, origins, warnings } = await show(await writeFiles(files));
  expect(warnings).toEqual([]);
  expect(value).toMatchObject({
    metadata: { name: 'pond' },
    ref: 'pond/stable',
    packages: ['crow', 'heron', 'rook'],
    image: { 'extra-kargs': ['a', 'b'], size: 12, 'others-key': 'stable', rootfs: 'ext4' },
    platforms: { aws: { kernel_arguments: ['console=ttyS0'] } },
    overlays: [
      {
        name: '05core',
        layer: 'overlay/05core',
        directory: 'overlay.d/05core',
        entries: { 'etc/sudoers.d/x': '0440' },
      },
    ],
    repositories: [
      { name: 'brook', file: 'all.repo', use: 'all' },
      { name: 'pool', file: 'all.repo', use: 'locked' },
    ],
    lock: { packages: { crow: { evra: '1-2.x86_64' }, rook: { evr: '2-1' } }, overrides: { crow: { evr: '3-1' } } },
  });
  expect(Object.fromEntries(origins)).toMatchObject({
    '/ref': 'manifest.yaml:4:6',
    '/packages/0': 'parts/water.yaml:1:12',
    '/packages/1': 'manifest.yaml:6:19',
    '/default-target': 'parts/water.yaml:2:17',
    '/metadata/name': 'manifest.yaml:1:18',
    '/image/size': 'base.yaml:2:1',
    '/image/extra-kargs/0': 'image.yaml:2:15',
    '/image/extra-kargs/1': 'base.yaml:1:15',
    '/platforms/aws': 'platforms.yaml:2:3',
    '/overlays/0': 'manifest.yaml:7:17',
    '/lock/overrides/crow': 'manifest-lock.overrides.yaml:2:3',
  });
});

test('what is missing beside the treefile is warned of, and other mistakes are errors, all at once', async () => {
  const base = await writeFiles({ 'manifest.yaml': 'repos: [nowhere]\nostree-layers: [overlay/none]\n' });
  const { value, warnings } = await show(base);
  expect(value).toMatchObject({ repositories: [], overlays: [], 'ostree-layers': ['overlay/none'] });
  expect(warnings).toEqual([
    `${base}/manifest.yaml:1:1: the system has no name`,
    `${base}/manifest.yaml:2:17: there is no directory overlay.d/none`,
    `${base}/manifest.yaml:1:9: the repository "nowhere" is not defined: there is no nowhere.sources nor section [nowhere] in a .repo file beside the manifest`,
  ]);
  const wrong = await writeFiles({
    'manifest.yaml': 'include: [a.yaml, missing.yaml]\npakages: [a]\n',
    'a.yaml': 'units: x\npackages: [right]\n',
    'image.yaml': 'size: 0\n',
    'platforms.yaml': 'x86_64: {qemu: {wrong: 1}}\n',
    'manifest-lock.x86_64.json': '{"packages": {}, "colour": "red"}',
  });
  await expect(show(wrong)).rejects.toMatchObject({ exitStatus: 2 });
  const { problems } = await checkConfig(silentSession(), requestFor(wrong));
  expect(problems.map(({ message }) => message)).toEqual([
    'unknown key "pakages"',
    '"units" must be a list, not the string "x"',
    'the included file "missing.yaml" does not exist',
    'the system has no name',
    '"size" must be above 0, not the number 0',
    'unknown key "wrong" in "x86_64.qemu"',
    'manifest-lock.x86_64.json is not a lockfile: Unrecognized key: "colour"',
  ]);
});

test('notes tell of keys without effect and of names that nothing stands for', async () => {
  const manifest = 'metadata: {name: a}\nref: x\nmutate-os-release: ${steam}\nvariables: {stream: x}\n';
  const base = await writeFiles({ 'manifest.yaml': manifest });
  const { problems, notes } = await checkConfig(silentSession(), requestFor(base));
  expect(problems).toEqual([]);
  expect(notes.map(({ message, hint }) => [message, hint])).toEqual([
    ['"ref" has no effect: containers are found by their tags', undefined],
    ['"mutate-os-release" names the variable "steam", and there is none: it stays as it is', 'did you mean "stream"?'],
  ]);
});

test.each(['/work', ''])('a directory that has no config says so', async (below) => {
  const base = await writeFiles({ x: '' });
  const { problems } = await checkConfig(silentSession(), requestFor(`${base}${below}`)).catch((error: unknown) => {
    if (error instanceof CosaError) return { problems: [error] };
    throw error;
  });
  expect(problems.map(({ code }) => code)).toEqual([below === '' ? 'CONFIG_MANIFEST_MISSING' : 'CONFIG_MISSING']);
});

describe('two configs', () => {
  test('of streams differ by what conditions on them decide', async () => {
    const base = await writeFiles({
      'manifest.yaml':
        'metadata: {name: a}\nvariables: {stream: stable}\npackages: [b]\nunits: [x, y]\n' +
        'conditional-include: [{if: stream != "stable", include: {packages: [debug], units: [y], recommends: false}}]\n',
    });
    expect(await diffConfigs(silentSession(), requestFor(base), ['stream:stable', 'stream:next'])).toEqual([
      { pointer: '/variables/stream', before: 'stable', after: 'next' },
      { pointer: '/packages/-', after: 'debug' },
      { pointer: '/recommends', before: true, after: false },
      { pointer: '/units', before: ['x', 'y'], after: ['y', 'x', 'y'] },
    ]);
    expect(await diffConfigs(silentSession(), requestFor(base), ['stream:next', 'stream:next'])).toEqual([]);
  });

  test('of a commit and of the files now', async () => {
    const base = await writeFiles({ 'os/manifest.yaml': 'metadata: {name: a}\npackages: [old, same]\n' });
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
    for (const words of [
      ['init', '-q'],
      ['add', '.'],
      ['commit', '-q', '-m', 'first'],
    ]) {
      await run(tools.git, [...identity, ...words], { cwd: base });
    }
    await writeFiles({ 'os/manifest.yaml': 'metadata: {name: a}\npackages: [new, same]\n' }, base);
    const config = join(base, 'os');
    expect(await diffConfigs(silentSession(), requestFor(config), ['HEAD', config])).toEqual([
      { pointer: '/packages/-', before: 'old' },
      { pointer: '/packages/-', after: 'new' },
    ]);
  });

  test('of branches, here and of the remote that the config was cloned from', async () => {
    const origin = await writeFiles({ 'manifest.yaml': 'metadata: {name: a}\npackages: [main]\n' });
    const git = (cwd: string, ...words: string[]) =>
      run(tools.git, ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...words], { cwd });
    await git(origin, 'init', '-q', '-b', 'main');
    await git(origin, 'add', '.');
    await git(origin, 'commit', '-q', '-m', 'first');
    await git(origin, 'checkout', '-q', '-b', 'next');
    await writeFiles({ 'manifest.yaml': 'metadata: {name: a}\npackages: [next]\n' }, origin);
    await git(origin, 'commit', '-q', '-a', '-m', 'second');
    await git(origin, 'checkout', '-q', 'main');
    const clone = join(await temporaryDirectory(), 'clone');
    await git(origin, 'clone', '-q', origin, clone);
    const differences = [
      { pointer: '/packages/-', before: 'main' },
      { pointer: '/packages/-', after: 'next' },
    ];
    for (const [config, other] of [
      [origin, 'next'],
      [clone, 'next'],
      [clone, 'origin/next'],
    ] as const) {
      expect(await diffConfigs(silentSession(), requestFor(config), ['main', other])).toEqual(differences);
    }
  });
});

describe('the commands', () => {
  test('show prints YAML with origins, or one document', async () => {
    const base = await writeFiles(files);
    const shown = await cosa(['config', 'show', base, '--arch', 'x86_64', '--origin']);
    expect(shown.status).toBe(0);
    expect(shown.stdout).toContain('packages:\n  - crow # parts/water.yaml:1:12\n  - heron # manifest.yaml:6:19\n');
    const json = await cosa(['config', 'show', base, '--arch', 'x86_64', '--json', '--variable', 'stream=next']);
    expect(JSON.parse(json.stdout)).toMatchObject({ ref: 'pond/next', image: { 'others-key': 'next' } });
  });

  test('check lists mistakes and ends with 2', async () => {
    const base = await writeFiles({ 'manifest.yaml': 'metadata: {name: a}\nunits: x\n' });
    const checked = await cosa(['config', 'check', base]);
    expect(checked).toMatchObject({
      status: 2,
      stdout: `${base}/manifest.yaml:2:8: error: "units" must be a list, not the string "x"\n1 mistake\n`,
    });
    expect((await cosa(['config', 'show', base, '--variable', '1'])).status).toBe(2);
  });
});

/** The cases of whole treefiles, through the command. */
const cases = readFileSync(resolve(import.meta.dirname, '../../config/cases/treefile.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map(
    (line) =>
      JSON.parse(line) as {
        name: string;
        files: Record<string, string>;
        expect: Record<string, unknown>;
        scope?: string;
        basearch?: ArchitectureName;
        modes?: Record<string, string>;
      },
  )
  .filter(({ scope = 'config' }) => ['config', 'compose', 'image', 'lock', 'repos', 'platforms'].includes(scope));

test.each(cases)('$name', async ({ files, expect: expected, basearch = 'x86_64', modes = {} }) => {
  const base = await writeFiles(files);
  for (const [file, mode] of Object.entries(modes)) await chmod(join(base, file), Number.parseInt(mode, 8));
  const shown = show(base, { architecture: basearch, stream: 'stable' });
  if ('error' in expected) {
    await expect(shown).rejects.toMatchObject({ exitStatus: 2 });
    return;
  }
  const { value } = await shown;
  for (const [name, wanted] of Object.entries(expected)) if (!name.includes('#')) expect(value[name]).toEqual(wanted);
});

describe('what is not there', () => {
  test('repositories of others do not keep two variants from being compared', async () => {
    const base = await writeFiles({
      'manifest-a.yaml': 'metadata: {name: a}\nrepos: [secret]\npackages: [a]\n',
      'manifest-b.yaml': 'metadata: {name: a}\nrepos: [secret]\npackages: [b]\n',
    });
    expect(await diffConfigs(silentSession(), requestFor(base), ['variant:a', 'variant:b'])).toEqual([
      { pointer: '/packages/-', before: 'a' },
      { pointer: '/packages/-', after: 'b' },
    ]);
  });

  test('a revision that there is not is told', async () => {
    const base = await writeFiles({ 'manifest.yaml': 'metadata: {name: a}\nrepos: []\n' });
    await run(tools.git, ['-C', base, 'init', '--quiet']);
    await expect(diffConfigs(silentSession(), requestFor(base), ['nonesuch', base])).rejects.toMatchObject({
      code: 'CONFIG_MISSING',
      message: `"nonesuch" is no directory, and no revision of the git that ${base} is in`,
    });
  });
});
