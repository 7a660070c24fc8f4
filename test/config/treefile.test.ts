import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitPackages } from '../../src/config/package-entries.ts';
import { loadTreefile } from '../../src/config/treefile.ts';
import type { ArchitectureName } from '../../src/lib/architecture.ts';
import { writeFiles } from './support.ts';

async function load(files: Record<string, string>, options: { basearch?: ArchitectureName; stream?: string } = {}) {
  return loadTreefile(await writeFiles(files), { basearch: 'x86_64', ...options });
}

describe('includes', () => {
  test('the includer is stronger than what it includes, an earlier include than a later one', async () => {
    const { treefile } = await load({
      'manifest.yaml': 'include: [a.yaml, sub/b.yaml]\nref: own\npostprocess: ["#!own"]\npackages: [own, shared]\n',
      'a.yaml': 'ref: a\ndefault-target: a.target\npostprocess: ["#!a"]\npackages: [a]\n',
      'sub/b.yaml': 'include: c.yaml\ndefault-target: b.target\nunits: [b]\npostprocess: ["#!b"]\npackages: [shared]\n',
      'sub/c.yaml': 'units: [c, b]\nrecommends: false\npostprocess: ["#!own"]\npackages: [c]\n',
    });
    expect(treefile).toMatchObject({
      ref: 'own',
      'default-target': 'a.target',
      recommends: false,
      units: ['c', 'b', 'b'],
      postprocess: ['#!own', '#!b', '#!a', '#!own'],
      packages: ['a', 'c', 'own', 'shared'],
    });
  });

  test('a file that is reached twice, also through a link, is an error', async () => {
    const base = await writeFiles({
      'manifest.yaml': 'include: [a.yaml, link.yaml]\n',
      'a.yaml': 'include: b.yaml\n',
      'b.yaml': 'postprocess: ["#!once"]\n',
    });
    await symlink('b.yaml', join(base, 'link.yaml'));
    await expect(loadTreefile(base, { basearch: 'x86_64' })).rejects.toMatchObject({
      code: 'CONFIG_INCLUDE_TWICE',
      message: 'link.yaml is included already',
      where: { line: 1, column: 19 },
    });
  });

  test('arch-include and packages-ARCH count for their architecture', async () => {
    const files = {
      'manifest.yaml':
        'arch-include: {x86_64: x.yaml, aarch64: [y.yaml]}\npackages: [all]\npackages-x86_64: [grub-pc]\npackages-aarch64: [grub-arm]\n',
      'x.yaml': 'packages: [x]\n',
      'y.yaml': 'packages: [y]\n',
    };
    expect((await load(files)).treefile.packages).toEqual(['all', 'grub-pc', 'x']);
    expect((await load(files, { basearch: 'aarch64' })).treefile.packages).toEqual(['all', 'grub-arm', 'y']);
    expect((await load({ 'manifest.yaml': files['manifest.yaml'] }, { basearch: 's390x' })).treefile.packages).toEqual([
      'all',
    ]);
  });

  test.each([
    ['an absolute path', 'include: /etc/passwd\n', '"/etc/passwd" is an absolute path, and no file of the config'],
    ['a path that leads out', 'include: ../../etc/passwd\n', '"../../etc/passwd" leads out of the config'],
    ['a link that leads out', 'include: out.yaml\n', '"out.yaml" leads out of the config'],
  ])('%s is refused', async (_, manifest, message) => {
    const base = await writeFiles({ 'manifest.yaml': manifest });
    await symlink('/etc/passwd', join(base, 'out.yaml'));
    await expect(loadTreefile(base, { basearch: 'x86_64' })).rejects.toMatchObject({
      code: 'CONFIG_FILE_OUTSIDE',
      message,
      where: { file: join(base, 'manifest.yaml'), line: 1, column: 10 },
    });
  });

  test('absolute paths of the config itself are read', async () => {
    const base = await writeFiles({
      'sub/i.yaml': 'packages: [jay]\ncheck-passwd: {type: file, filename: ../users}\n',
      users: 'root:x:0:0::/:/bin/sh\n',
    });
    await writeFiles(
      {
        'manifest.yaml': `include: ${join(base, 'sub/i.yaml')}\ncheck-groups: {type: file, filename: ${join(base, 'users')}}\n`,
      },
      base,
    );
    const { treefile } = await loadTreefile(base, { basearch: 'x86_64' });
    expect(treefile).toMatchObject({
      packages: ['jay'],
      'check-passwd': { filename: 'users' },
      'check-groups': { filename: 'users' },
    });
  });

  test('a file of the same checkout may lie outside of the config directory', async () => {
    const base = await writeFiles({
      '.git/HEAD': '',
      'common.yaml': 'packages: [shared]\n',
      'one/manifest.yaml': 'include: ../common.yaml\n',
    });
    const { treefile } = await loadTreefile(join(base, 'one'), { basearch: 'x86_64' });
    expect(treefile.packages).toEqual(['shared']);
  });

  test('what only builds the tree is not in the flattened treefile', async () => {
    const { treefile } = await load({ 'manifest.yaml': 'include: a.yaml\npackages-x86_64: [b]\n', 'a.yaml': '' });
    expect(Object.keys(treefile)).not.toContain('include');
    expect(Object.keys(treefile)).not.toContain('packages-x86_64');
  });
});

describe('conditional includes', () => {
  const manifest = `variables: {stream: next, debug: true}
releasever: 13
conditional-include:
  - if: stream != "stable"
    include: unstable.yaml
  - if: [stream == "next", debug == true, releasever >= 13]
    include: [all.yaml]
  - if: [stream == "next", debug == false]
    include: none.yaml
  - if: basearch == "x86_64"
    include:
      packages: [inline a]
      include: nested.yaml
      pakages: [b]
`;
  test('count if all of their conditions hold; keys may stand in place of files', async () => {
    const { treefile, unread } = await load({
      'manifest.yaml': manifest,
      'unstable.yaml': 'packages: [unstable]\n',
      'all.yaml': 'packages: [all]\n',
    });
    expect(treefile.packages).toEqual(['all', 'inline a', 'unstable']);
    expect(unread.map(({ key, where }) => [key, where.line])).toEqual([
      ['include', 13],
      ['pakages', 14],
    ]);
  });

  test('see the variables of including files and of files that were read before', async () => {
    const { treefile } = await load({
      'manifest.yaml': 'variables: {top: 1}\ninclude: [vars.yaml, a.yaml]\n',
      'vars.yaml': 'variables: {late: x, top: 2}\n',
      'a.yaml': 'conditional-include: [{if: [top == 1, late == "x"], include: {packages: [yes]}}]\n',
    });
    expect(treefile.packages).toEqual(['yes']);
  });

  test('what stands right there is weaker than the file, stronger than what it includes; its list items come between', async () => {
    const { treefile } = await load({
      'manifest.yaml': `releasever: 41
include: a.yaml
ostree-layers: [overlay/own]
conditional-include:
  - {if: releasever == 41, include: {ref: first, default-target: first, ostree-layers: [overlay/first]}}
  - {if: releasever == 41, include: b.yaml}
  - {if: releasever == 41, include: {ref: second, ostree-layers: [overlay/second]}}
`,
      'a.yaml': 'ref: a\ndefault-target: a\nrecommends: false\nostree-layers: [overlay/a]\n',
      'b.yaml': 'recommends: true\nostree-layers: [overlay/b]\n',
    });
    expect(treefile).toMatchObject({ ref: 'first', 'default-target': 'first', recommends: false });
    expect(treefile['ostree-layers']).toEqual(['b', 'a', 'second', 'first', 'own'].map((name) => `overlay/${name}`));
  });
});

describe('variables', () => {
  test('are substituted in every file, with the value of the strongest', async () => {
    const { treefile } = await load({
      'manifest.yaml': 'variables: {stream: next}\nreleasever: 13\ninclude: a.yaml\n',
      'a.yaml':
        'variables: {stream: stable, other: o}\nref: "${basearch}/${stream}/${other}/${undefined}"\n' +
        'mutate-os-release: "${releasever}"\nadd-commit-metadata: {s: "${stream}", n: 1}\npostprocess: ["#!/bin/sh ${HOME}"]\n',
    });
    expect(treefile).toMatchObject({
      ref: 'x86_64/next/o/${undefined}',
      'mutate-os-release': '13',
      'add-commit-metadata': { s: 'next', n: 1 },
      postprocess: ['#!/bin/sh ${HOME}'],
      variables: { stream: 'next', releasever: 13 },
    });
  });

  test('the stream that was asked for wins', async () => {
    const files = { 'manifest.yaml': 'variables: {stream: stable}\nref: "${stream}"\n' };
    expect((await load(files, { stream: 'testing' })).treefile).toMatchObject({
      ref: 'testing',
      variables: { stream: 'testing' },
    });
  });
});

test('paths become relative to the config', async () => {
  const { treefile } = await load({
    'manifest.yaml': 'include: parts/a.yaml\n',
    'parts/a.yaml': 'postprocess-script: run.sh\ncheck-passwd: {type: file, filename: ../passwd}\n',
    'parts/run.sh': '#!/bin/sh\n',
    passwd: '',
  });
  expect(treefile).toMatchObject({
    'postprocess-script': 'parts/run.sh',
    'check-passwd': { type: 'file', filename: 'passwd' },
  });
});

test('keys that only rpm uses are read', async () => {
  const text = `rpmdb: sqlite
boot-location: modules
tmp-is-dir: true
selinux: true
install-langs: [en_US]
repo-packages: [{repo: fedora, packages: [podman]}]
repovars: {contentdir: fedora}
rojig: {name: fedora-coreos, summary: Fedora CoreOS, license: MIT}
check-passwd: {type: data, entries: {bin: 1, adm: [3, 4], lp: [2]}}
`;
  expect((await load({ 'manifest.yaml': text })).treefile).toMatchObject({
    rpmdb: 'sqlite',
    'check-passwd': { type: 'data', entries: { bin: 1, adm: [3, 4], lp: [2] } },
  });
});

describe('packages', () => {
  test.each([
    ['a', ['a']],
    [' a  b\tc ', ['a', 'b', 'c']],
    ["'podman >= 5'", ['podman >= 5']],
    ["a'b c'd", ['a', 'b c', 'd']],
    ["'a >= 1", undefined],
  ])('the entry %j', (entry, names) => {
    expect(splitPackages(entry)).toEqual(names);
  });

  test('splitting what was joined by blanks gives it back', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z0-9][a-z0-9+.-]*$/)), (names) => {
        expect(splitPackages(names.join('  '))).toEqual(names);
      }),
    );
  });
});

test('tells where things stand', async () => {
  const { positionOf } = await load({
    'manifest.yaml': 'include: a.yaml\nrepos: [one]\n',
    'a.yaml': 'packages:\n  - x y\n  - z\npackages-x86_64:\n  - grub\nostree-layers:\n  - overlay/a\n',
  });
  const place = (...args: Parameters<typeof positionOf>) => {
    const { file, line, column } = positionOf(...args);
    return [file.split('/').pop(), line, column];
  };
  expect(place('packages', 'y')).toEqual(['a.yaml', 2, 5]);
  expect(place('packages', 'grub')).toEqual(['a.yaml', 5, 5]);
  expect(place('ostree-layers', 'overlay/a')).toEqual(['a.yaml', 7, 5]);
  expect(place('repos')).toEqual(['manifest.yaml', 2, 8]);
  expect(place('units')).toEqual(['manifest.yaml', 1, 1]);
});
