import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import { cosa } from '../../cli/in-process.ts';
import { temporaryDirectory, writeFiles } from '../../config/support.ts';
import { storeImage } from '../../helpers/image.ts';
import { entry, tarOf } from '../../helpers/ostree-layers.ts';

// A config as they are since 2025: variants, arguments of the build, and only what is added to the manifest of a builder image.

const argumentsOf = (variant: string, more: string) =>
  `ID=pond\nNAME=pond-os\nSTREAM=${variant}\nDESCRIPTION=Pond OS ${variant}\nMANIFEST=manifest-${variant}.yaml\nIMAGE_CONFIG=image-${variant}.yaml\nPASSWD_GROUP_DIR=.\nMUTATE_OS_RELEASE=10\n${more}`;

const files = {
  'build-args-p9.conf': argumentsOf('p9', 'VERSION=9.0\n'),
  'build-args-p10.conf': argumentsOf('p10', 'VERSION=10.2\nBUILDER_IMG=oci:builder:10\n'),
  'manifest-p9.yaml': 'include: common.yaml\npackages: [heron]\nrepos: [p9]\n',
  'manifest-p10.yaml': 'include: common.yaml\npackages: [stork]\nrepos: [p10]\n',
  'common.yaml':
    'packages: [ignition]\nostree-layers: [overlay/05core]\nconditional-include:\n' +
    '  - {if: [deriving == true, osversion == "pond-10"], include: {packages: [only-ten]}}\n',
  'image-p9.yaml': 'include: image-default.yaml\n',
  'image-p10.yaml': 'include: image-default.yaml\nsize: 16\n',
  'image-default.yaml': 'container-imgref: ostree-unverified-registry:example.com/{stream}\n',
  'p9.repo': '[p9]\nbaseurl=https://example.com/9\n',
  'p10.repo': '[p10]\nbaseurl=https://example.com/10\n',
  'platforms.yaml': 'x86_64:\n  qemu: {kernel_arguments: [console=ttyS0]}\n',
  'overlay.d/05core/etc/x': 'x',
  'live/EFI/pond/grub.cfg': 'linux x @@KERNEL-ARGS@@\n',
  passwd: 'root:x:0:0::/root:/bin/sh\n',
  group: 'root:x:0:\n',
};

let config: string;
beforeEach(async () => {
  config = await writeFiles(files);
  for (const [link, target] of [
    ['manifest.yaml', 'manifest-p9.yaml'],
    ['image.yaml', 'image-p9.yaml'],
    ['build-args.conf', 'build-args-p9.conf'],
  ] as const) {
    await symlink(target, join(config, link));
  }
  await using layout = await openLayoutForWriting(join(config, 'builder'));
  const manifests = 'usr/share/doc/bootc-base-imagectl/manifests';
  const layer = tarOf([
    entry(`${manifests}/minimal-plus.yaml`, {}, 'include: minimal/manifest.yaml\npackages: [podman]\n'),
    entry(
      `${manifests}/minimal/manifest.yaml`,
      {},
      'packages: [kernel]\ncheck-passwd: {type: file, filename: passwd}\n',
    ),
    entry(`${manifests}/minimal/passwd`, {}, 'root:x:0:0::/root:/bin/sh\n'),
  ]);
  await layout.setTags(['10'], await storeImage(layout, [layer]));
});

interface Shown {
  packages: string[];
  variables: Record<string, unknown>;
  metadata: Record<string, unknown>;
  image: Record<string, unknown>;
  origins: Record<string, string>;
  [key: string]: unknown;
}

async function show(...options: string[]): Promise<Shown> {
  const { stdout, stderr, status } = await cosa(['config', 'show', config, '--arch', 'x86_64', '--json', ...options]);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return JSON.parse(stdout) as Shown;
}

describe('a config of since 2025', () => {
  test('is shown as its variants are', async () => {
    expect(await show()).toMatchObject({ packages: ['heron', 'ignition'], releasever: 9, image: { size: 10 } });
    expect(await show('--variant', 'p10')).toMatchObject({
      packages: ['ignition', 'only-ten', 'stork'],
      releasever: 10,
      variables: { deriving: true, id: 'pond', osversion: 'pond-10', stream: 'p10' },
      metadata: { name: 'pond-os', summary: 'Pond OS p10' },
      'mutate-os-release': '10',
      'check-passwd': { type: 'file', filename: 'passwd' },
      image: { size: 16, 'container-imgref': 'ostree-unverified-registry:example.com/p10' },
    });
  });

  test('is shown with what it builds upon where that is asked for', async () => {
    const shown = await show('--variant', 'p10', '--base-manifest', 'builder', '--origin');
    expect(shown).toMatchObject({
      packages: ['ignition', 'kernel', 'only-ten', 'podman', 'stork'],
      'check-passwd': { type: 'file', filename: 'passwd' },
    });
    expect(shown.origins).toMatchObject({
      '/packages/1': 'base-manifest:minimal/manifest.yaml:1:12',
      '/packages/4': 'manifest-p10.yaml:2:12',
      '/metadata/name': 'build-args-p10.conf:2:1',
    });
    const { stderr, status } = await cosa(['config', 'show', config, '--base-manifest', 'builder']);
    expect({ status, stderr }).toMatchObject({ status: 2 });
    expect(stderr).toContain('names no builder image');
  });

  test('is checked and compared', async () => {
    for (const variant of ['p9', 'p10']) {
      expect(await cosa(['config', 'check', config, '--arch', 'x86_64', '--variant', variant])).toMatchObject({
        status: 0,
      });
    }
    const { stdout } = await cosa(['-C', config, 'config', 'diff', 'variant:p9', 'variant:p10', '--json']);
    const differences = JSON.parse(stdout) as { pointer: string; before?: unknown; after?: unknown }[];
    expect(differences).toContainEqual({ pointer: '/packages/-', before: 'heron' });
    expect(differences).toContainEqual({ pointer: '/packages/-', after: 'only-ten' });
    expect(differences).toContainEqual({ pointer: '/image/size', before: 10, after: 16 });
  });

  test('a variant that there is not is told, with those that there are', async () => {
    const { stderr, status } = await cosa(['config', 'check', config, '--variant', 'q']);
    expect({ status, stderr: stderr || 'on stdout' }).toMatchObject({ status: 2 });
    const shown = await cosa(['config', 'show', config, '--variant', 'q']);
    expect(shown.stderr).toContain('hint: known here: p10, p9');
  });

  test('is initialised with what all commands are to know', async () => {
    const work = await temporaryDirectory();
    const options = ['--variant', 'p10', '--variable', 'osversion=pond-11', '--base-manifest', 'oci:builder:10'];
    expect(await cosa(['-C', work, 'init', config, ...options])).toMatchObject({ status: 0 });
    expect(JSON.parse(await readFile(join(work, 'cosa.json'), 'utf8'))).toMatchObject({
      variant: 'p10',
      variables: { osversion: 'pond-11' },
      baseManifest: 'oci:builder:10',
    });
    const { stdout } = await cosa(['-C', work, 'config', 'show', '--json']);
    expect((JSON.parse(stdout) as Shown).packages).toEqual(['ignition', 'stork']);
  });
});
