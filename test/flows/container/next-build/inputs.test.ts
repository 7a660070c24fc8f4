import { appendFile, chmod, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { formatLockfile } from '../../../../src/contract/lockfile.ts';
import {
  type BuildInputs,
  type BuildParameters,
  readBuildInputs,
} from '../../../../src/flows/container/next-build/inputs.ts';
import type { PipelineEvent } from '../../../../src/progress/events.ts';
import { workDirectoryAt } from '../../../../src/workspace/work-directory.ts';
import { temporaryDirectory, writeFiles } from '../../../config/support.ts';
import { silentSession } from '../../../helpers/session.ts';

const session = silentSession();

const lock = {
  family: 'deb' as const,
  basearch: 'x86_64' as const,
  repositoryTimestamp: 1_700_000_000,
  packages: [
    {
      name: 'tool',
      version: '1.0-1',
      architecture: 'amd64',
      source: 'tool',
      sha256: 'a'.repeat(64),
      size: 10,
      repository: 'debian',
      path: 'pool/tool.deb',
    },
  ],
};

let root: string;
let config: string;
beforeEach(async () => {
  root = await temporaryDirectory();
  config = join(root, 'src/config');
  await writeFiles(
    {
      'manifest.yaml': [
        'metadata: {name: test-os}',
        'variables: {stream: testing}',
        'repos: [debian]',
        'packages: [tool]',
        'ostree-layers: [overlay/05core]',
        'postprocess-script: finish.sh',
        '',
      ].join('\n'),
      'debian.sources': 'Types: deb\n',
      'finish.sh': '#!/bin/sh\ntrue\n',
      'image.yaml': 'size: 12\n',
      'platforms.yaml': 'x86_64:\n  qemu:\n    kernel_arguments: [a]\n',
      'overlay.d/05core/etc/file': 'one\n',
      'manifest-lock.x86_64.json': formatLockfile(lock),
    },
    config,
  );
});

async function inputs(parameters: Partial<BuildParameters> = {}): Promise<BuildInputs> {
  const work = workDirectoryAt(root, { config: { source: config } });
  return readBuildInputs(session, work, { architecture: 'x86_64', maxLayers: 64, compression: 'zstd', ...parameters });
}

describe('the input hash', () => {
  const file = (path: string, content: string) => () => writeFiles({ [path]: content }, config);
  const changes: Record<string, () => Promise<unknown>> = {
    'the manifest': file('manifest.yaml', 'metadata: {name: test-os}\nrepos: [debian]\npackages: [tool]\n'),
    'a repository file': file('debian.sources', 'Types: deb\nSuites: x\n'),
    'a script': file('finish.sh', '#!/bin/sh\nfalse\n'),
    'image.yaml': file('image.yaml', 'size: 13\n'),
    'platforms.yaml': file('platforms.yaml', 'x86_64:\n  qemu:\n    kernel_arguments: [b]\n'),
    "an overlay file's content": file('overlay.d/05core/etc/file', 'two\n'),
    "an overlay file's mode": () => chmod(join(config, 'overlay.d/05core/etc/file'), 0o755),
    "an overlay file's name": () =>
      rename(join(config, 'overlay.d/05core/etc/file'), join(config, 'overlay.d/05core/etc/other')),
    'a new link in an overlay': () => symlink('file', join(config, 'overlay.d/05core/etc/link')),
    'a statoverride': file('overlay.d/05core/statoverride', '=0600 /etc/file\n'),
    'the lockfile': file(
      'manifest-lock.x86_64.json',
      formatLockfile({ ...lock, packages: lock.packages.map((item) => ({ ...item, sha256: 'b'.repeat(64) })) }),
    ),
    'a file of live/': file('live/EFI/test/grub.cfg', 'set timeout=1\n'),
    'a file in overrides/rootfs': () => writeFiles({ 'overrides/rootfs/etc/local': 'x' }, root),
  };

  it.each(Object.keys(changes))('depends on %s', async (name) => {
    const before = await inputs();
    await changes[name]?.();
    expect((await inputs()).inputHash).not.toBe(before.inputHash);
  });

  it('depends on how layers are made', async () => {
    const hashes = await Promise.all([inputs(), inputs({ maxLayers: 10 }), inputs({ compression: 'gzip' })]);
    expect(new Set(hashes.map(({ inputHash }) => inputHash)).size).toBe(3);
  });

  it('does not depend on where the config lies, when its files were written, or comments in them', async () => {
    const before = await inputs();
    const moved = join(root, 'elsewhere');
    await rename(config, moved);
    await symlink(moved, config);
    await rm(join(moved, 'image.yaml'));
    await writeFile(join(moved, 'image.yaml'), '# the same\nsize: 12\n');
    expect((await inputs()).inputHash).toBe(before.inputHash);
  });
});

describe('what is said of the config from outside', () => {
  it('is an input', async () => {
    const variables = new Map([['release', '44']]);
    await appendFile(join(config, 'manifest.yaml'), 'metadata: {name: test-os, release: "${release}"}\n');
    await writeFiles(
      {
        'manifest.yaml': (await readFile(join(config, 'manifest.yaml'), 'utf8')).replace(
          'metadata: {name: test-os}\n',
          '',
        ),
      },
      config,
    );
    const before = await inputs();
    const said = await inputs({ variables });
    expect(said.inputHash).not.toBe(before.inputHash);
    expect(said.config.treefile.metadata.release).toBe('44');
    const work = workDirectoryAt(root, { config: { source: config }, variables: { release: '44' } });
    const parameters = { architecture: 'x86_64', maxLayers: 64, compression: 'zstd' } as const;
    expect((await readBuildInputs(session, work, parameters)).inputHash).toBe(said.inputHash);
  });

  it('a base manifest counts by its content, wherever it lies', async () => {
    const files = {
      'minimal-plus.yaml': 'include: minimal/manifest.yaml\n',
      'minimal/manifest.yaml':
        'packages: [tool]\npostprocess-script: last.sh\n' +
        'check-passwd: {type: file, filename: passwd}\ncheck-groups: {type: file, filename: group}\n',
      'minimal/passwd': 'root:x:0:0::/root:/bin/sh\n',
      'minimal/group': 'root:x:0:\n',
      'minimal/last.sh': '#!/bin/sh\n',
    };
    const [one, other] = [await writeFiles(files), await writeFiles(files)];
    const changed = await writeFiles({ ...files, 'minimal/group': 'root:x:0:\nwheel:x:10:\n' });
    const hash = async (name: string) => (await inputs({ baseManifest: { name, directory: '/' } })).inputHash;
    expect(await hash(one)).toBe(await hash(other));
    expect(await hash(one)).not.toBe((await inputs()).inputHash);
    expect(await hash(one)).not.toBe(await hash(changed));
    const { treefile, accountFiles, scripts } = (await inputs({ baseManifest: { name: one, directory: '/' } })).config;
    expect(treefile['check-groups']).toEqual({ type: 'file', filename: 'base-manifest:minimal/group' });
    expect(accountFiles.group).toBe('root:x:0:\n');
    expect(scripts.map(({ name }) => name)).toEqual(['finish.sh']);
  });
});

it('a lockfile gives the packages and the date, without asking anybody', async () => {
  const { lock: used, timestamp, stream, source } = await inputs();
  expect(used).toEqual(lock);
  expect({ timestamp, stream, source }).toEqual({ timestamp: 1_700_000_000, stream: 'testing', source: undefined });
});

it('logs keys that have no effect, each once and with its position, and warns of misspelt ones', async () => {
  await writeFiles(
    { 'image.yaml': 'size: 12\nostree-remote: example\nrootf: ext4\n', 'more.yaml': 'gpg-key: a\n' },
    config,
  );
  await appendFile(join(config, 'manifest.yaml'), 'include: more.yaml\ngpg-key: b\n');
  const events: PipelineEvent[] = [];
  const work = workDirectoryAt(root, { config: { source: config } });
  const watched = { ...session, events: (event: PipelineEvent) => void events.push(event) };
  await readBuildInputs(watched, work, { architecture: 'x86_64', maxLayers: 64, compression: 'zstd' });
  expect(events).toEqual([
    { type: 'log', line: `${config}/manifest.yaml:8:1: "gpg-key" has no effect: containers are signed: "cosa sign"` },
    {
      type: 'log',
      line: `${config}/image.yaml:2:1: "ostree-remote" has no effect: an installed system follows a container: container-imgref`,
    },
    {
      type: 'warning',
      message: `${config}/image.yaml:3:1: "rootf" has no effect: only other tools read it, from image.json`,
      hint: 'did you mean "rootfs"?',
    },
  ]);
});
