import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configFingerprint } from '../../src/config/fingerprint.ts';
import { loadConfig } from '../../src/config/load.ts';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import { minimalConfig, temporaryDirectory, testOptions, writeFiles } from './support.ts';

const example = new URL('../../examples/debian-coreos', import.meta.url).pathname;

test('a manifest with a name and a repository is enough', async () => {
  const base = await writeFiles(minimalConfig);
  const config = await loadConfig(base, testOptions);
  expect(config).toMatchObject({
    directory: base,
    name: 'test-os',
    stream: undefined,
    summary: undefined,
    treefile: { packages: [], recommends: true, documentation: true },
    image: { rootfs: 'ext4', bootfs: 'ext4', size: 10, compressor: 'gzip' },
    platforms: {},
    repositories: [{ name: 'debian', path: join(base, 'debian.sources'), text: 'Types: deb\n', use: 'all' }],
    repositoryExtension: '.sources',
    repositoryVariables: { basearch: 'x86_64' },
    overlays: [],
    scripts: [],
    lockfilePath: join(base, 'manifest-lock.x86_64.json'),
    lockOverrides: {},
  });
});

test('everything that a config may have', async () => {
  const base = await writeFiles({
    'manifest.yaml': `rojig: {name: old-name, summary: An old summary, license: MIT}
metadata: {name: test-os}
variables: {stream: next}
releasever: 13
repos: [debian]
ostree-layers: [overlay/10b, overlay/05a]
postprocess: ["#!/bin/sh\\ntrue"]
postprocess-script: run.sh
check-passwd: {type: file, filename: passwd}
check-groups: {type: file, filename: group}
`,
    'debian.sources': 'Suites: ${releasever}\n',
    'image.yaml': 'size: 5\n',
    'platforms.yaml': 'x86_64: {qemu: {kernel_arguments: [console=ttyS0]}}\naarch64: {other: {}}\n',
    'overlay.d/05a/etc/a': 'a',
    'overlay.d/10b/etc/b': 'b',
    'run.sh': '#!/bin/sh\n',
    passwd: 'root:x:0:0::/root:/bin/sh\n',
    group: 'root:x:0:\n',
    'manifest-lock.overrides.yaml': 'packages: {a: {evr: "1"}, b: {evr: "1"}}\n',
    'manifest-lock.overrides.x86_64.yaml': 'packages: {b: {evra: 2.amd64, metadata: {type: pin, reason: because}}}\n',
  });
  const config = await loadConfig(base, testOptions);
  expect(config).toMatchObject({
    name: 'test-os',
    summary: 'An old summary',
    stream: 'next',
    image: { size: 5 },
    platforms: { qemu: { kernel_arguments: ['console=ttyS0'], grub_commands: [] } },
    repositoryVariables: { basearch: 'x86_64', releasever: '13', stream: 'next' },
    overlays: [{ name: '10b' }, { name: '05a' }],
    scripts: [
      { name: 'postprocess[0]', content: '#!/bin/sh\ntrue', where: { file: join(base, 'manifest.yaml'), line: 7 } },
      { name: 'run.sh', content: '#!/bin/sh\n', where: { file: join(base, 'run.sh') } },
    ],
    accountFiles: { passwd: 'root:x:0:0::/root:/bin/sh\n', group: 'root:x:0:\n' },
    lockOverrides: { a: { evr: '1' }, b: { evra: '2.amd64', metadata: { type: 'pin', reason: 'because' } } },
  });
});

describe('refused', () => {
  test('a directory without a manifest', async () => {
    const base = await temporaryDirectory();
    await expect(loadConfig(base, testOptions)).rejects.toMatchObject({
      code: 'CONFIG_MANIFEST_MISSING',
      message: `there is no manifest.yaml in ${base}`,
    });
  });

  test.each([
    ['repos: [debian]\n', 'CONFIG_NAME', 'the system has no name', 1],
    ['metadata: {name: a/b}\n', 'CONFIG_NAME', '"a/b" cannot be a system\'s name: it stands in file names', 1],
    [
      'metadata: {name: a}\nrepos: [debian]\nvariables:\n  stream: a/b\n',
      'CONFIG_STREAM',
      '"a/b" cannot be a stream\'s name: it becomes a tag',
      4,
    ],
    ['metadata: {name: a}\nrepos: []\n', 'CONFIG_REPOSITORY_MISSING', 'no package repository is named', 2],
  ])('%j', async (manifest, code, message, line) => {
    const base = await writeFiles({ ...minimalConfig, 'manifest.yaml': manifest });
    await expect(loadConfig(base, testOptions)).rejects.toMatchObject({
      code,
      message,
      exitStatus: 2,
      where: { file: join(base, 'manifest.yaml'), line },
    });
  });
});

describe('the fingerprint', () => {
  const files = {
    ...minimalConfig,
    'manifest.yaml': `${minimalConfig['manifest.yaml']}ostree-layers: [overlay/a]\npostprocess-script: run.sh\n`,
    'overlay.d/a/etc/file': 'content',
    'run.sh': '#!/bin/sh\n',
  };
  const fingerprintOf = async (base: string, stream?: string) =>
    canonicalJson(await configFingerprint(await loadConfig(base, { ...testOptions, stream })));

  test('is the same in another directory, under another umask', async () => {
    const [one, other] = [await writeFiles(files), await writeFiles(files)];
    await chmod(join(other, 'overlay.d/a/etc/file'), 0o664);
    await chmod(join(other, 'overlay.d/a/etc'), 0o775);
    const fingerprint = await fingerprintOf(one);
    expect(await fingerprintOf(other)).toBe(fingerprint);
    expect(fingerprint).not.toContain(one);
  });

  type Change = (base: string) => Promise<unknown>;
  const changes: [string, Change][] = [
    ['the content of an overlay file', (base) => writeFiles({ 'overlay.d/a/etc/file': 'Content' }, base)],
    ['a mode', (base) => chmod(join(base, 'overlay.d/a/etc/file'), 0o755)],
    ['a mode override', (base) => writeFiles({ 'overlay.d/a/statoverride': '=384 /etc/file\n' }, base)],
    ['a new link', (base) => symlink('file', join(base, 'overlay.d/a/etc/link'))],
    ['a new directory', (base) => mkdir(join(base, 'overlay.d/a/etc/empty'))],
    ['a script', (base) => writeFiles({ 'run.sh': '#!/bin/bash\n' }, base)],
    ['a repository file', (base) => writeFiles({ 'debian.sources': 'Types: deb deb-src\n' }, base)],
    ['image.yaml', (base) => writeFiles({ 'image.yaml': 'size: 11\n' }, base)],
    ['disk.yaml', (base) => writeFiles({ 'disk.yaml': 'boot: {size: 1 GiB}\n' }, base)],
    ['platforms.yaml', (base) => writeFiles({ 'platforms.yaml': 'x86_64: {qemu: {}}\n' }, base)],
    ['a lock override', (base) => writeFiles({ 'manifest-lock.overrides.yaml': 'packages: {a: {evr: "1"}}' }, base)],
    ['a treefile key', (base) => writeFiles({ 'manifest.yaml': `${files['manifest.yaml']}units: [a]\n` }, base)],
  ];
  test.each(changes)('changes with %s', async (_, change) => {
    const base = await writeFiles(files);
    const before = await fingerprintOf(base);
    await change(base);
    expect(await fingerprintOf(base)).not.toBe(before);
  });

  test('changes with the stream', async () => {
    const base = await writeFiles(files);
    expect(await fingerprintOf(base, 'next')).not.toBe(await fingerprintOf(base, 'stable'));
  });

  test('does not change with comments and files that nothing names', async () => {
    const base = await writeFiles(files);
    const before = await fingerprintOf(base);
    await writeFiles({ 'manifest.yaml': `# A comment\n${files['manifest.yaml']}`, 'README.md': 'read me' }, base);
    await writeFiles({ 'overlay.d/unused/x': '', 'platforms.yaml': 'aarch64: {qemu: {}}\n' }, base);
    expect(await fingerprintOf(base)).toBe(before);
  });
});

test('the example config is right, for every stream', async () => {
  for (const stream of [undefined, 'testing']) {
    const config = await loadConfig(example, { ...testOptions, stream });
    expect(config.name).toBe('debian-coreos');
    expect(config.stream).toBe(stream ?? 'stable');
    expect(config.treefile.packages).toContain('systemd');
  }
});

test('finalize.d: executables beside any file of the config, by name; of one name, the weaker file has its own', async () => {
  const base = await writeFiles({
    ...minimalConfig,
    'manifest.yaml': `${minimalConfig['manifest.yaml']}include: low/a.yaml\n`,
    'low/a.yaml': '',
    'finalize.d/02-own.sh': 'own',
    'finalize.d/01-both.sh': 'strong',
    'finalize.d/README': 'no program',
    'low/finalize.d/01-both.sh': 'weak',
    'else/finalize.d/03-none.sh': 'of nobody',
  });
  const { finalizeScripts } = await loadConfig(base, testOptions);
  expect(finalizeScripts.map(({ path }) => relative(base, path))).toEqual([
    'low/finalize.d/01-both.sh',
    'finalize.d/02-own.sh',
  ]);
});
