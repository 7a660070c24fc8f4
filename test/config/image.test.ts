import { expect, test } from 'vitest';
import { loadImageSpecification } from '../../src/config/image.ts';
import { loadPlatforms } from '../../src/config/platforms.ts';
import { prettyJson } from '../../src/lib/canonical-json.ts';
import { temporaryDirectory, writeFiles } from './support.ts';

test('without image.yaml there are the defaults', async () => {
  expect(prettyJson({ ...(await loadImageSpecification(await temporaryDirectory(), undefined)).specification })).toBe(`{
  "aws-imdsv2-only": true,
  "aws-volume-type": "gp3",
  "aws-x86-boot-mode": "uefi-preferred",
  "bootc-install-to-fs": false,
  "bootfs": "ext4",
  "composefs": false,
  "compressor": "gzip",
  "extra-kargs": [],
  "ignition-network-kcmdline": [],
  "live-rootfs-fsoptions": "-comp zstd",
  "live-rootfs-fstype": "squashfs",
  "platform-compressor": {},
  "rootfs": "ext4",
  "rootfs-args": "",
  "size": 10,
  "vmware-hw-version": 13,
  "vmware-secure-boot": true
}
`);
});

test('the including file wins, maps merge, lists follow each other without duplicates', async () => {
  const base = await writeFiles({
    'image.yaml': `include: [base/one.yaml, base/two.yaml]
size: 8
extra-kargs: [own, shared]
platform-compressor: {aws: none}
container-imgref: "registry:example.com/os:{stream}"
`,
    'base/one.yaml':
      'include: zero.yaml\nsize: 1\nrootfs: ext4\nextra-kargs: [one]\nplatform-compressor: {aws: xz, gcp: xz}\n',
    'base/zero.yaml': 'extra-kargs: [shared, zero]\nvmware-os-type: zero\n',
    'base/two.yaml': 'vmware-os-type: two\n',
  });
  expect((await loadImageSpecification(base, 'next')).specification).toMatchObject({
    size: 8,
    rootfs: 'ext4',
    'extra-kargs': ['own', 'shared', 'one', 'zero'],
    'platform-compressor': { aws: 'none', gcp: 'xz' },
    'vmware-os-type': 'two',
    'container-imgref': 'registry:example.com/os:next',
  });
});

test('platforms.yaml gives the part of the architecture, aliases resolved', async () => {
  const base = await writeFiles({
    'platforms.yaml': `x86_64:
  qemu: &serial
    grub_commands: [serial --speed=115200]
    kernel_arguments: [console=tty0, "console=ttyS0,115200n8"]
  openstack: *serial
  metal: {}
aarch64:
  qemu: {kernel_arguments: [console=ttyAMA0]}
`,
  });
  const serial = {
    grub_commands: ['serial --speed=115200'],
    kernel_arguments: ['console=tty0', 'console=ttyS0,115200n8'],
  };
  expect(await loadPlatforms(base, 'x86_64')).toEqual({
    qemu: serial,
    openstack: serial,
    metal: { grub_commands: [], kernel_arguments: [] },
  });
  expect(await loadPlatforms(base, 's390x')).toEqual({});
  expect(await loadPlatforms(await temporaryDirectory(), 'x86_64')).toEqual({});
});
