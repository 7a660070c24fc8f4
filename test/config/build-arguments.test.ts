import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { baseManifestAt } from '../../src/config/base-manifest.ts';
import { selectConfig } from '../../src/config/selection.ts';
import { loadTreefile } from '../../src/config/treefile.ts';
import { writeFiles } from './support.ts';

const derived = {
  'build-args.conf': `# Arguments of the build.

VERSION=44.20260301.91.0
ID=fedora
NAME="fedora-coreos"
STREAM=rawhide
MANIFEST=coreos.yaml
IMAGE_CONFIG=image-coreos.yaml
MUTATE_OS_RELEASE=44
PASSWD_GROUP_DIR=manifests
EMPTY=
`,
  'coreos.yaml': `variables: {stream: own}
conditional-include:
  - {if: [deriving == true, id == "fedora", osversion == "fedora-44", stream == "rawhide", releasever == 44], include: {packages: [hit]}}
  - {if: deriving == false, include: ../base.yaml}
`,
  'manifests/passwd': 'root:x:0:0::/root:/bin/sh\n',
  'manifests/group': 'root:x:0:\n',
};

async function load(files: Record<string, string>, choice: Parameters<typeof selectConfig>[1] = {}) {
  const base = await writeFiles(files);
  const selection = await selectConfig(base, choice);
  return { base, selection, loaded: await loadTreefile(base, { ...selection, basearch: 'x86_64' }) };
}

test('build arguments name the files, and are variables and defaults of the manifest', async () => {
  const { base, selection, loaded } = await load(derived);
  expect(selection).toMatchObject({ manifest: 'coreos.yaml', image: 'image-coreos.yaml' });
  expect(loaded.treefile).toMatchObject({
    packages: ['hit'],
    releasever: 44,
    'automatic-version-prefix': '44.20260301.91.0',
    'mutate-os-release': '44',
    'check-passwd': { type: 'file', filename: 'manifests/passwd' },
    variables: { deriving: true, id: 'fedora', stream: 'rawhide', osversion: 'fedora-44', releasever: 44 },
  });
  expect(loaded.positionOf('releasever')).toEqual({ file: join(base, 'build-args.conf'), line: 3, column: 1 });
  expect(loaded.positionOf('variables', 'stream').line).toBe(6);
});

test('a manifest says better what build arguments say by the way', async () => {
  const manifest = `${derived['coreos.yaml']}automatic-version-prefix: "44"\ncheck-passwd: {type: none}\n`;
  const { loaded } = await load({ ...derived, 'coreos.yaml': manifest });
  expect(loaded.treefile).toMatchObject({ 'automatic-version-prefix': '44', 'check-passwd': { type: 'none' } });
});

test('what is given from outside wins', async () => {
  const variables = new Map<string, boolean | number>([
    ['deriving', false],
    ['releasever', 45],
  ]);
  const { loaded } = await load({ ...derived, 'coreos.yaml': 'releasever: 1\n' }, { variables });
  expect(loaded.treefile).toMatchObject({ releasever: 45, variables: { deriving: false, releasever: 45 } });
});

test('of rhel, the minor release is part of the version', async () => {
  const { loaded } = await load({
    'build-args.conf': 'VERSION=9.6.20260301-0\nID=rhel\n',
    'manifest.yaml': 'conditional-include: [{if: osversion == "rhel-9.6", include: {packages: [hit]}}]\n',
  });
  expect(loaded.treefile.packages).toEqual(['hit']);
});

test('a line that is no argument is an error', async () => {
  const base = await writeFiles({ 'build-args.conf': 'A=1\nnonsense\n', 'manifest.yaml': '' });
  await expect(selectConfig(base)).rejects.toMatchObject({
    code: 'CONFIG_SYNTAX',
    where: { file: join(base, 'build-args.conf'), line: 2, column: 1 },
  });
});

describe('a variant', () => {
  test.each([
    [
      { 'manifest-c9s.yaml': '', 'image-c9s.yaml': '' },
      { manifest: 'manifest-c9s.yaml', image: 'image-c9s.yaml' },
    ],
    [
      { 'manifest-c9s.yaml': '', 'image.yaml': '' },
      { manifest: 'manifest-c9s.yaml', image: 'image.yaml' },
    ],
    [{ 'build-args-c9s.conf': 'MANIFEST=m.yaml\n' }, { manifest: 'm.yaml', image: 'image.yaml' }],
  ])('of %j', async (files, expected) => {
    expect(await selectConfig(await writeFiles({ 'manifest.yaml': '', ...files }), { variant: 'c9s' })).toMatchObject(
      expected,
    );
  });

  test('that is not there is an error', async () => {
    const base = await writeFiles({ 'manifest.yaml': '' });
    await expect(selectConfig(base, { variant: 'c9s' })).rejects.toMatchObject({
      code: 'CONFIG_VARIANT',
      message: `there is no variant "c9s": no manifest-c9s.yaml in ${base}`,
    });
  });
});

test.each([
  [{ 'manifest.json': '{}' }, '', 'manifest.json'],
  [{ 'silverblue.yaml': 'packages: [a]\n', 'manifest.yaml': '' }, 'silverblue.yaml', 'silverblue.yaml'],
])('a manifest of another name: %j', async (files, path, manifest) => {
  const base = await writeFiles(files);
  expect(await selectConfig(join(base, path))).toMatchObject({ base, manifest });
});

test('a base manifest is weaker than all else, and sees the variables', async () => {
  const below = await writeFiles({
    'manifest.yaml':
      'ref: below\ndefault-target: below.target\ninclude: more.yaml\npostprocess: ["#!below"]\npackages: [kernel]\n' +
      'conditional-include: [{if: stream == "next", include: {packages: [next]}}]\n',
    'more.yaml': 'ostree-layers: [overlay/below]\n',
  });
  const { loaded } = await load(
    {
      'manifest.yaml':
        'variables: {stream: next}\nref: own\npostprocess: ["#!own"]\npackages: [coreos]\nostree-layers: [overlay/own]\n',
    },
    { baseManifest: await baseManifestAt(below) },
  );
  expect(loaded.treefile).toMatchObject({
    ref: 'own',
    'default-target': 'below.target',
    postprocess: ['#!below', '#!own'],
    packages: ['coreos', 'kernel', 'next'],
    'ostree-layers': ['overlay/below', 'overlay/own'],
  });
});
