import { expect, it } from 'vitest';
import { loadConfig } from '../../../../src/config/load.ts';
import { rootfsRequest } from '../../../../src/flows/container/next-build/assemble.ts';
import type { BuildInputs } from '../../../../src/flows/container/next-build/inputs.ts';
import { minimalConfig, testOptions, writeFiles } from '../../../config/support.ts';

async function requestFor(files: Record<string, string>) {
  const config = await loadConfig(await writeFiles({ ...minimalConfig, ...files }), testOptions);
  const lock = { packages: [], repositoryTimestamp: 1, basearch: 'x86_64' };
  const inputs = { config, lock, overrides: { rootfs: undefined }, timestamp: 1 } as unknown as BuildInputs;
  const installed = { packages: [], key: 'key' } as never;
  return rootfsRequest({ inputs, version: '1', installed, previous: undefined, cacheDirectory: '/cache' });
}

it('puts disk.yaml into the container, and has mounted what it wants mounted', async () => {
  const { embedded, mounts } = await requestFor({
    'disk.yaml': `partitions:
  - {label: data, size: 1 GiB, filesystem: xfs, mount: /var/data}
  - {label: secrets, size: 1 GiB, filesystem: none}
`,
  });
  expect(JSON.parse(embedded.get('/usr/share/coreos-assembler/disk.json') ?? '')).toEqual({
    'efi-system': { size: '127 MiB' },
    boot: { size: '384 MiB' },
    root: { size: '64 MiB' },
    partitions: [
      { label: 'data', size: '1 GiB', filesystem: 'xfs', mount: '/var/data' },
      { label: 'secrets', size: '1 GiB', filesystem: 'none' },
    ],
  });
  expect(mounts).toEqual([{ partition: 'data', filesystem: 'xfs', place: '/var/data' }]);
});

it('says nothing of disks where the config does not', async () => {
  const { embedded, mounts } = await requestFor({});
  expect([...embedded.keys()]).toEqual([
    '/usr/share/coreos-assembler/image.json',
    '/usr/share/coreos-assembler/platforms.json',
    '/usr/share/coreos-assembler/manifest.json',
    '/usr/share/coreos-assembler/manifest-lock.x86_64.json',
  ]);
  expect(mounts).toEqual([]);
});
