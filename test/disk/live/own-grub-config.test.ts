import { describe, expect, test } from 'vitest';
import { findOwnGrubConfig, ownGrubConfig } from '../../../src/disk/live/own-grub-config.ts';
import type { CommitDirectory } from '../../../src/ostree/unpack/directories.ts';

const menu = `set default="0"
# größer
menuentry 'Test OS (Live)' --class gnu-linux {
	linux /images/pxeboot/vmlinuz @@KERNEL-ARGS@@ ignition.firstboot own=1
${'#'.repeat(1024)} COREOS_KARG_EMBED_AREA
	initrd /images/pxeboot/initrd.img /images/ignition.img
}
`;

test('the kernel’s arguments and their area stand in the place of the mark, once each', () => {
  const given = ['a=1', 'ignition.firstboot', 'ignition.platform.id=metal'];
  const { config, offset, kernelArguments, area } = ownGrubConfig(menu, ['serial --speed=9600'], given);
  expect(kernelArguments).toBe('a=1 ignition.firstboot ignition.platform.id=metal own=1');
  expect(config.split('\n').slice(0, 3)).toEqual(['serial --speed=9600', 'set default="0"', '# größer']);
  const bytes = Buffer.from(config).subarray(offset, offset + area.size);
  expect(bytes.toString()).toMatch(/^a=1 ignition\.firstboot ignition\.platform\.id=metal own=1\n#{1023}$/);
  const behind = Buffer.from(config)
    .subarray(offset + area.size)
    .toString();
  expect(behind).toBe('# COREOS_KARG_EMBED_AREA\n\tinitrd /images/pxeboot/initrd.img /images/ignition.img\n}\n');
});

test.each([
  ['no mark', menu.replace('@@KERNEL-ARGS@@', ''), 'has no @@KERNEL-ARGS@@'],
  ['two marks', `${menu}# @@KERNEL-ARGS@@\n`, 'has @@KERNEL-ARGS@@ twice'],
  [
    'no area',
    menu.replace(/#+ COREOS.*\n/, ''),
    'has no number signs and COREOS_KARG_EMBED_AREA in the line below the arguments',
  ],
  [
    'an end in the middle',
    'linux x @@KERNEL-ARGS@@',
    'has no number signs and COREOS_KARG_EMBED_AREA in the line below the arguments',
  ],
])('a text with %s is refused', (_, text, problem) => {
  expect(() => ownGrubConfig(text, [], ['a'])).toThrow(`grub.cfg in /usr/share/coreos-assembler/live ${problem}`);
});

describe('where a container has it', () => {
  const directory = (
    directories: Record<string, CommitDirectory>,
    files: Record<string, string> = {},
  ): CommitDirectory =>
    ({
      directories: new Map(Object.entries(directories)),
      files: new Map(Object.entries(files)),
    }) as unknown as CommitDirectory;
  const rootWith = (vendors: Record<string, CommitDirectory>) =>
    directory({
      usr: directory({
        share: directory({ 'coreos-assembler': directory({ live: directory({ EFI: directory(vendors) }) }) }),
      }),
    });

  test('it is the first vendor’s', () => {
    const vendors = { b: directory({}, { 'grub.cfg': '2' }), a: directory({}, { 'grub.cfg': '1' }), 0: directory({}) };
    expect(findOwnGrubConfig(rootWith(vendors))).toBe('1');
    expect(findOwnGrubConfig(rootWith({}))).toBeUndefined();
    expect(findOwnGrubConfig(directory({}))).toBeUndefined();
  });
});
