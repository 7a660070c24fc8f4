import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { escapedPath, mountUnits } from '../../../src/rootfs/steps/mount-units.ts';
import { contextFor, readTree, writeTree } from '../support.ts';

const systemd = (name: string) => ({ name, packages: { deb: 'systemd', rpm: 'systemd' }, purpose: 'checks units' });

const mount = { partition: 'my-data', filesystem: 'xfs', place: '/var/lib/my-data' };
const units = '/usr/lib/systemd/system';

it('has the partitions mounted that are there, and boots without them', async () => {
  const root = await writeTree({ [`${units}/local-fs.target`]: '' });
  const context = contextFor(root, { mounts: [mount] });
  await mountUnits.run(context);
  const tree = await readTree(root);
  expect(tree[`${units}/var-lib-my\\x2ddata.mount`]).toBe(`# Made of disk.yaml.
[Unit]
Description=/var/lib/my-data
Wants=systemd-fsck@dev-disk-by\\x2dpartlabel-my\\x2ddata.service
After=systemd-fsck@dev-disk-by\\x2dpartlabel-my\\x2ddata.service

[Mount]
Where=/var/lib/my-data
What=/dev/disk/by-partlabel/my-data
Type=xfs

[Install]
WantedBy=local-fs.target
`);
  expect(tree[`${units}/local-fs.target.wants/var-lib-my\\x2ddata.mount`]).toBe('→ ../var-lib-my\\x2ddata.mount');
  expect(tree[`${units}/dev-disk-by\\x2dpartlabel-my\\x2ddata.device.d/10-partition.conf`]).toBe(
    '[Unit]\nJobRunningTimeoutSec=15s\n',
  );
  expect([...context.generated.keys()].sort()).toEqual([
    `${units}/dev-disk-by\\x2dpartlabel-my\\x2ddata.device.d/10-partition.conf`,
    `${units}/local-fs.target.wants/var-lib-my\\x2ddata.mount`,
    `${units}/var-lib-my\\x2ddata.mount`,
  ]);
});

it('does not replace a unit of the system', async () => {
  const root = await writeTree({ [`${units}/var-lib-my\\x2ddata.mount`]: '' });
  await expect(mountUnits.run(contextFor(root, { mounts: [mount] }))).rejects.toMatchObject({
    code: 'MOUNT_UNIT_EXISTS',
    exitStatus: 2,
    message: 'disk.yaml mounts /var/lib/my-data, and the system has a unit var-lib-my\\x2ddata.mount already',
  });
});

it('writes units that systemd finds no fault with', async () => {
  const root = await writeTree({ [`${units}/local-fs.target`]: '' });
  await mountUnits.run(contextFor(root, { mounts: [mount] }));
  const unit = join(root, units, 'var-lib-my\\x2ddata.mount');
  expect(await run(systemd('systemd-analyze'), ['verify', '--man=no', '--recursive-errors=no', unit])).toMatchObject({
    stdout: '',
    stderr: '',
  });
});

it('names units as systemd does', async () => {
  const part = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);
  const paths = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => `/var/${parts.join('/')}`);
  const sample = fc.sample(paths, 50);
  const { stdout } = await run(systemd('systemd-escape'), ['--path', ...sample]);
  expect(sample.map(escapedPath)).toEqual(stdout.trim().split(' '));
});

it.each([
  ['/var/lib/a.b', 'var-lib-a.b'],
  ['/var/a-b_c', 'var-a\\x2db_c'],
])('names the unit of %s %s', (path, name) => {
  expect(escapedPath(path)).toBe(name);
});
