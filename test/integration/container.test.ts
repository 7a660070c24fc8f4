import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.ts';
import {
  builtWorkDirectory,
  candidate,
  cosaOk,
  extractLayers,
  freshWorkDirectory,
  imageOf,
  program,
} from './fixture.ts';

const ostree = program('ostree');
const skopeo = program('skopeo');

let work: string;
let scratch: string;
beforeAll(async () => {
  work = await builtWorkDirectory();
  scratch = await mkdtemp(join(tmpdir(), 'cosa-container-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

describe('the stock ostree command', () => {
  let root: string;
  beforeAll(async () => {
    root = join(scratch, 'layers');
    await extractLayers(work, root);
  });

  it('accepts every object of the extracted layers', async () => {
    const { stdout } = await run(ostree, [`--repo=${root}/sysroot/ostree/repo`, 'fsck']);
    expect(stdout).toContain('object fsck of 1 commits completed successfully - no errors found');
  });

  it('computes the same checksum for the tree', async () => {
    const { config } = await imageOf(work);
    const labels = config.config?.Labels ?? {};
    const commit = labels['ostree.commit'] ?? '';
    const repository = `${scratch}/repo`;
    await run(ostree, [`--repo=${repository}`, 'init', '--mode=bare']);
    await run(ostree, [`--repo=${repository}`, 'pull-local', `${root}/sysroot/ostree/repo`, commit]);
    await run(ostree, [`--repo=${repository}`, 'checkout', commit, `${scratch}/tree`]);
    const { stdout } = await run(ostree, [
      `--repo=${repository}`,
      'commit',
      '--orphan',
      '--no-bindings',
      `--tree=dir=${scratch}/tree`,
      `--subject=debian-coreos ${labels['org.opencontainers.image.version'] ?? ''}`,
      `--timestamp=${config.created ?? ''}`,
      // In the order of the dictionary, which ostree keeps as it is told.
      `--add-metadata=com.coreos.stream='${labels['com.coreos.stream'] ?? ''}'`,
      '--add-metadata=ostree.bootable=true',
      `--add-metadata=version='${labels['org.opencontainers.image.version'] ?? ''}'`,
    ]);
    expect(stdout.trim()).toBe(commit);
  });
});

describe('standard container tools', () => {
  it('skopeo inspects it and finds version, commit and components', async () => {
    const { stdout } = await run(skopeo, ['inspect', `oci:${work}/oci:${candidate}`]);
    const { Labels: labels, Layers: layers } = JSON.parse(stdout) as {
      Labels: Record<string, string>;
      Layers: string[];
    };
    expect(labels).toMatchObject({
      'containers.bootc': '1',
      'ostree.bootable': 'true',
      'com.coreos.stream': 'testing-devel',
    });
    expect(layers.length).toBeLessThanOrEqual(64);
  });

  it('skopeo copies it, with every digest checked', async () => {
    await run(skopeo, ['copy', '--insecure-policy', `oci:${work}/oci:${candidate}`, `oci:${scratch}/copy:x`]);
    const copied = await run(skopeo, ['inspect', '--format', '{{.Digest}}', `oci:${scratch}/copy:x`]);
    expect(copied.stdout.trim()).toBe((await imageOf(work)).descriptor.digest);
  });

  it('umoci unpacks a gzip build as an ordinary root filesystem', async () => {
    const { directory } = await freshWorkDirectory('gzip', work);
    await cosaOk(directory, ['ostree', 'build', '--compression', 'gzip']);
    await run(program('umoci'), ['unpack', '--image', `${directory}/oci:${candidate}`, `${scratch}/bundle`]);
    const release = await readFile(`${scratch}/bundle/rootfs/etc/os-release`, 'utf8');
    expect(release).toContain('debian-coreos');
    expect((await imageOf(directory)).config.config?.Labels?.['ostree.commit']).toBe(
      (await imageOf(work)).config.config?.Labels?.['ostree.commit'],
    );
  });
});
