import { relative } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { configReference } from '../../scripts/config-reference.ts';
import { loadConfig } from '../../src/config/load.ts';
import { diskLayoutSchema } from '../../src/contract/disk-layout.ts';
import { validate } from '../../src/lib/document/validate.ts';
import { parseYaml } from '../../src/lib/document/yaml.ts';
import { CosaError, formatPosition } from '../../src/lib/errors.ts';
import { checkIgnitionConfig } from '../../src/vm/ignition.ts';
import { minimalConfig, testOptions, writeFiles } from './support.ts';

const mebibyte = 1024 ** 2;

test('a config without disk.yaml says nothing of its disks', async () => {
  const base = await writeFiles({ ...minimalConfig });
  expect((await loadConfig(base, testOptions)).disk).toBeUndefined();
});

test('disk.yaml gives sizes in bytes, and what it leaves out is as on every disk', async () => {
  const text = `boot: {size: 1 GiB}
partitions:
  - label: containers
    size: 2GiB
    filesystem: xfs
    mount: /var/lib/containers
  - {label: scratch, size: 512 MiB}
`;
  const base = await writeFiles({ ...minimalConfig, 'disk.yaml': text });
  expect((await loadConfig(base, testOptions)).disk).toEqual({
    'efi-system': { size: 127 * mebibyte },
    boot: { size: 1024 * mebibyte },
    root: { size: 64 * mebibyte },
    partitions: [
      { label: 'containers', size: 2048 * mebibyte, filesystem: 'xfs', mount: '/var/lib/containers' },
      { label: 'scratch', size: 512 * mebibyte, filesystem: 'ext4' },
    ],
  });
});

interface BadInput {
  title: string;
  text: string;
  where: string;
  message: string;
  code?: string;
  hint?: string;
}

const one = (rest: string) => `partitions:\n  - label: data\n    size: 1 GiB\n${rest}`;
const labelled = (label: string) => `partitions:\n  - {size: 1 GiB, label: ${label}}\n`;
const mounted = (mount: string) => one(`    mount: ${mount}\n`);
const labelRule = 'must be 1 to 36 letters, digits, dots, "_" and "-", a letter or digit first';
const placeRule = 'must be a path below /var, of letters, digits, dots, "_" and "-"';
const sizeRule = 'must be a size such as "8 GiB" or "512 MiB"';

const cases: BadInput[] = [
  {
    title: 'a list for the file',
    text: '- boot\n',
    where: 'disk.yaml:1:1',
    message: 'the file must be a map, not a list',
  },
  {
    title: 'an unknown key',
    text: 'efi: {size: 1 GiB}\n',
    code: 'CONFIG_UNKNOWN_KEY',
    where: 'disk.yaml:1:1',
    message: 'unknown key "efi"',
    hint: 'known here: boot, efi-system, partitions, root',
  },
  {
    title: 'an unknown key of a partition',
    text: one('    mounts: /var/data\n'),
    code: 'CONFIG_UNKNOWN_KEY',
    where: 'disk.yaml:4:5',
    message: 'unknown key "mounts" in "partitions[0]"',
    hint: 'did you mean "mount"?',
  },
  {
    title: 'a partition without a label',
    text: 'partitions:\n  - size: 1 GiB\n',
    where: 'disk.yaml:2:5',
    message: '"partitions[0].label" is missing',
  },
  {
    title: 'a partition without a size',
    text: 'partitions:\n  - label: a\n',
    where: 'disk.yaml:2:5',
    message: '"partitions[0].size" is missing',
  },
  {
    title: 'a size without a unit',
    text: 'boot: {size: 8}\n',
    where: 'disk.yaml:1:14',
    message: `"boot.size" ${sizeRule}, not the number 8`,
  },
  {
    title: 'a decimal unit',
    text: 'boot: {size: 8 GB}\n',
    where: 'disk.yaml:1:14',
    message: `"boot.size" ${sizeRule}, not the string "8 GB"`,
  },
  {
    title: 'a fraction',
    text: 'root: {size: 1.5 GiB}\n',
    where: 'disk.yaml:1:14',
    message: `"root.size" ${sizeRule}, not the string "1.5 GiB"`,
  },
  {
    title: 'a size of nothing',
    text: 'root: {size: 0 MiB}\n',
    where: 'disk.yaml:1:14',
    message: '"root.size" must be above 0, not the string "0 MiB"',
  },
  {
    title: 'a size beyond all disks',
    text: 'root: {size: 99999999 TiB}\n',
    where: 'disk.yaml:1:14',
    message: '"root.size" must be at most 16 TiB, not the string "99999999 TiB"',
  },
  {
    title: 'a small boot partition',
    text: 'boot: {size: 100 MiB}\n',
    where: 'disk.yaml:1:14',
    message: '"boot.size" must be at least 128 MiB, not the string "100 MiB"',
  },
  {
    title: 'an EFI system partition that is no FAT32',
    text: 'efi-system: {size: 20 MiB}\n',
    where: 'disk.yaml:1:20',
    message: '"efi-system.size" must be at least 34 MiB, not the string "20 MiB"',
  },
  {
    title: 'a label of other characters',
    text: labelled('"a b"'),
    where: 'disk.yaml:2:26',
    message: `"partitions[0].label" ${labelRule}, not the string "a b"`,
  },
  {
    title: 'a label that leads elsewhere',
    text: labelled('../sda'),
    where: 'disk.yaml:2:26',
    message: `"partitions[0].label" ${labelRule}, not the string "../sda"`,
  },
  {
    title: 'a label that is too long',
    text: labelled('x'.repeat(37)),
    where: 'disk.yaml:2:26',
    message: `"partitions[0].label" ${labelRule}, not the string "${'x'.repeat(37)}"`,
  },
  {
    title: "a label of the system's",
    text: labelled('Boot'),
    where: 'disk.yaml:2:26',
    message:
      '"partitions[0].label" must be a name that the system\'s own partitions do not have (BIOS-BOOT, EFI-SYSTEM, boot, reserved, root), not the string "Boot"',
  },
  {
    title: 'a label twice',
    text: 'partitions:\n  - {label: data, size: 1 GiB}\n  - {label: DATA, size: 1 GiB}\n',
    where: 'disk.yaml:3:13',
    message: '"partitions[1].label" must be a name that no other partition has, not the string "DATA"',
  },
  {
    title: 'a label that xfs cannot hold',
    text: 'partitions:\n  - {label: my-containers, size: 1 GiB, filesystem: xfs}\n',
    where: 'disk.yaml:2:13',
    message: '"partitions[0].label" must have at most 12 characters for xfs, not the string "my-containers"',
  },
  {
    title: 'a label that vfat cannot hold',
    text: 'partitions:\n  - {label: a.b, size: 1 GiB, filesystem: vfat}\n',
    where: 'disk.yaml:2:13',
    message:
      '"partitions[0].label" must have at most 11 characters, none of them a dot, for vfat, not the string "a.b"',
  },
  {
    title: 'a filesystem that nobody makes',
    text: one('    filesystem: zfs\n'),
    where: 'disk.yaml:4:17',
    message: '"partitions[0].filesystem" must be one of ext4, xfs, btrfs, vfat, none, not the string "zfs"',
    hint: 'did you mean "xfs"?',
  },
  {
    title: 'a partition that is too small for its filesystem',
    text: 'partitions:\n  - {label: a, size: 299 MiB, filesystem: xfs}\n',
    where: 'disk.yaml:2:22',
    message: '"partitions[0].size" must be at least 300 MiB for xfs, not the string "299 MiB"',
  },
  ...(['ext4', 'xfs', 'btrfs', 'vfat'] as const).map((filesystem) => ({
    title: `a partition that is too large for ${filesystem}`,
    text: `partitions:\n  - {label: a, size: 5 TiB, filesystem: ${filesystem}}\n`,
    where: 'disk.yaml:2:22',
    message: `"partitions[0].size" must be at most ${filesystem === 'ext4' ? 4 : 1} TiB for ${filesystem}, not the string "5 TiB"`,
  })),
  {
    title: 'a mount point elsewhere',
    text: mounted('/srv'),
    where: 'disk.yaml:4:12',
    message: `"partitions[0].mount" ${placeRule}, not the string "/srv"`,
  },
  {
    title: 'a mount point that is relative',
    text: mounted('var/data'),
    where: 'disk.yaml:4:12',
    message: `"partitions[0].mount" ${placeRule}, not the string "var/data"`,
  },
  {
    title: 'a mount point with dots',
    text: mounted('/var/../etc'),
    where: 'disk.yaml:4:12',
    message: `"partitions[0].mount" ${placeRule}, not the string "/var/../etc"`,
  },
  {
    title: 'a mount point that ends in a slash',
    text: mounted('/var/data/'),
    where: 'disk.yaml:4:12',
    message: `"partitions[0].mount" ${placeRule}, not the string "/var/data/"`,
  },
  {
    title: 'all of /var',
    text: mounted('/var'),
    where: 'disk.yaml:4:12',
    message: `"partitions[0].mount" ${placeRule}, not the string "/var"`,
  },
  {
    title: "a unit's specifier",
    text: mounted('/var/%n'),
    where: 'disk.yaml:4:12',
    message: `"partitions[0].mount" ${placeRule}, not the string "/var/%n"`,
  },
  {
    title: 'a mount point that is too long',
    text: mounted(`/var/${'x'.repeat(200)}`),
    where: 'disk.yaml:4:12',
    message: `"partitions[0].mount" must have at most 200 characters, not the string "/var/${'x'.repeat(32)}..."`,
  },
  ...['/var/home', '/var/home/core', '/var/roothome', '/var/run/x', '/var/lock', '/var/lib'].map((place) => ({
    title: `the system's own ${place}`,
    text: mounted(place),
    where: 'disk.yaml:4:12',
    message: `"partitions[0].mount" must be a place that is not the system's own, not the string "${place}"`,
  })),
  {
    title: 'a mount point twice',
    text: 'partitions:\n  - {label: a, size: 1 GiB, mount: /var/x}\n  - {label: b, size: 1 GiB, mount: /var/x}\n',
    where: 'disk.yaml:3:36',
    message: '"partitions[1].mount" must be a place that no other partition has, not the string "/var/x"',
  },
  {
    title: 'a mount point of nothing',
    text: one('    filesystem: none\n    mount: /var/x\n'),
    where: 'disk.yaml:5:12',
    message: '"partitions[0].mount" must be left out where there is no filesystem, not the string "/var/x"',
  },
  {
    title: 'more than a disk has',
    text: one('').replace('1 GiB', '10 GiB'),
    where: 'disk.yaml:2:3',
    message: 'the partitions take 10815 MiB, and disks have 10 GiB',
    hint: 'set "size" in image.yaml to 11 (GiB) or more, or make partitions smaller',
  },
];

describe('disk.yaml', () => {
  it.each(cases)('is refused for $title', async ({ text, code = 'CONFIG_VALUE', where, message, hint }) => {
    const base = await writeFiles({ ...minimalConfig, 'disk.yaml': text });
    const error: unknown = await loadConfig(base, testOptions).catch((thrown: unknown) => thrown);
    if (!(error instanceof CosaError)) throw new Error('expected a CosaError', { cause: error });
    expect({
      code: error.code,
      where: error.where && formatPosition({ ...error.where, file: relative(base, error.where.file) }),
      message: error.message,
      hint: error.hint,
      exitStatus: error.exitStatus,
    }).toEqual({ code, where, message, hint, exitStatus: 2 });
  });

  it('is told more than one mistake at once', async () => {
    const base = await writeFiles({ ...minimalConfig, 'disk.yaml': 'boot: {size: 1}\nroot: {size: 2}\n' });
    await expect(loadConfig(base, testOptions)).rejects.toThrow(/"boot.size".*\n.*disk.yaml:2:14: "root.size"/);
  });
});

test('the examples of the reference are right, and belong together', () => {
  const [, section = ''] = configReference().split('## disk.yaml');
  const yaml = /```yaml\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
  const json = /```json\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
  const { partitions } = validate(diskLayoutSchema, parseYaml(yaml, 'example'));
  const config = JSON.parse(checkIgnitionConfig(json, 'example')) as {
    storage: { luks: { device: string; name: string }[]; filesystems: { device: string; path: string }[] };
    systemd: { units: { name: string; contents: string }[] };
  };
  const { luks, filesystems } = config.storage;
  const left = partitions.filter(({ filesystem }) => filesystem === 'none').map(({ label }) => label);
  expect(luks.map(({ device }) => device)).toEqual(left.map((label) => `/dev/disk/by-partlabel/${label}`));
  expect(filesystems.map(({ device }) => device)).toEqual(luks.map(({ name }) => `/dev/mapper/${name}`));
  const [unit] = config.systemd.units;
  expect(unit?.contents).toContain(`\nWhat=${filesystems[0]?.device}\nWhere=${filesystems[0]?.path}\n`);
});
