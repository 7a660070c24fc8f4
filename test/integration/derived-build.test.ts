import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BuildResult } from '../../src/flows/container/next-build/result.ts';
import { createRegistries } from '../../src/oci/registry.ts';
import { storeImage } from '../helpers/image.ts';
import { entry, tarOf } from '../helpers/ostree-layers.ts';
import { startTestingRegistry, type TestingRegistry } from '../helpers/testing-registry.ts';
import { builtWorkDirectory, cosaOk, extractLayers, freshWorkDirectory, imageOf } from './fixture.ts';

// The example as configs are since 2025: arguments of the build, a manifest that adds to that of a builder image in a
// registry, and a script that says the version.

let registry: TestingRegistry & AsyncDisposable;
let machine: { directory: string; config: string };
beforeAll(async () => {
  registry = await startTestingRegistry();
  machine = await freshWorkDirectory('derived-build', await builtWorkDirectory());
  const { config } = machine;
  await pushBuilder(join(config, 'manifests'));
  await rm(join(config, 'manifests'), { recursive: true });
  const files = {
    'build-args.conf': [
      ...['VERSION=13', 'STREAM=testing-devel', 'ID=debian', 'NAME=pond', 'DESCRIPTION="CoreOS of a pond"'],
      ...[`BUILDER_IMG=${registry.host}/os/builder:13`, 'MUTATE_OS_RELEASE=13', ''],
    ].join('\n'),
    'manifest.yaml': `repos: [debian]
ostree-layers: [overlay/05core, overlay/10provisioning, overlay/15live, overlay/20login, overlay/30update]
conditional-include:
  - {if: [deriving == true, osversion == "debian-13"], include: {add-commit-metadata: {example.depth: "\${depth} m"}}}
postprocess:
  - |
    #!/bin/sh -eu
    test -e /run/.containerenv
    . /etc/os-release
    echo "$OSTREE_VERSION" > /usr/share/pond
`,
    versionary: `#!/usr/bin/python3 -u
import json
builds = json.load(open('builds/builds.json'))['builds']
print('13.20260102.20.%d' % (int(builds[0]['id'].split('.')[-1]) + 1 if builds else 0))
`,
    'live/EFI/pond/grub.cfg':
      "menuentry 'Pond' {\n  linux /images/pxeboot/vmlinuz @@KERNEL-ARGS@@\n###### COREOS_KARG_EMBED_AREA\n}\n",
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(config, name, '..'), { recursive: true });
    await writeFile(join(config, name), text);
  }
  await chmod(join(config, 'versionary'), 0o755);
});
afterAll(() => registry[Symbol.asyncDispose]());

/** The example's own manifests, in the place where builder images have theirs. */
async function pushBuilder(manifests: string): Promise<void> {
  await using registries = createRegistries({}, { environment: {} });
  const directory = 'usr/share/doc/bootc-base-imagectl/manifests';
  const files = await Promise.all(
    (await readdir(manifests)).map(async (name) =>
      entry(`${directory}/${name}`, {}, await readFile(join(manifests, name), 'utf8')),
    ),
  );
  const names = ['boot', 'system', 'containers', 'users', 'slim', 'debug'].map((name) => `${name}.yaml`);
  const minimal = entry(`${directory}/minimal-plus.yaml`, {}, `include: [${names.join(', ')}]\n`);
  const repository = await registries.repository(registry.host, 'os/builder', 'writing');
  const image = await storeImage(repository, [tarOf([minimal, ...files]), tarOf([entry('etc/x', {}, 'x')])]);
  await repository.setTags(['13'], image);
}

async function build(): Promise<BuildResult> {
  const options = ['--versionary', '--variable', 'depth=7'];
  return JSON.parse(await cosaOk(machine.directory, ['--json', 'ostree', 'build', ...options])) as BuildResult;
}

it('is built with the packages of the builder image, to the version that the script says', async () => {
  const built = await build();
  expect(built).toMatchObject({ unchanged: false, version: '13.20260102.20.0' });
  const { config } = await imageOf(machine.directory);
  expect(config.config?.Labels).toMatchObject({
    'org.opencontainers.image.version': '13.20260102.20.0',
    'org.opencontainers.image.title': 'pond',
    'org.opencontainers.image.description': 'CoreOS of a pond',
    'com.coreos.stream': 'testing-devel',
  });
  const root = join(machine.directory, 'root');
  await extractLayers(machine.directory, root);
  const read = (path: string) => readFile(join(root, path), 'utf8');
  expect(await read('usr/share/pond')).toBe('13.20260102.20.0\n');
  expect(await read('usr/lib/os-release')).toMatch(/^OSTREE_VERSION=.?13\.20260102\.20\.0/m);
  expect(await read('usr/share/coreos-assembler/live/EFI/pond/grub.cfg')).toContain("menuentry 'Pond'");
  await rm(root, { recursive: true });
});

it('is the same container again, with its packages and its initramfs alone in the cache', async () => {
  const before = (await imageOf(machine.directory)).descriptor.digest;
  for (const part of ['oci', 'cache/layers', 'cache/sysroots']) {
    await rm(join(machine.directory, part), { recursive: true, force: true });
  }
  expect(await build()).toMatchObject({ unchanged: false, digest: before });
});
