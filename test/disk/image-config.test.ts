import { describe, expect, it } from 'vitest';
import { parseDiskConfig, parsePlatforms } from '../../src/disk/image-config.ts';

describe('parseDiskConfig', () => {
  it('fills in the defaults and ignores what it does not know', () => {
    expect(parseDiskConfig(Buffer.from('{"rootfs":"xfs","a-key-of-tomorrow":{}}'))).toMatchObject({
      bootfs: 'ext4',
      rootfs: 'xfs',
      'rootfs-args': '',
      'extra-kargs': [],
      size: 10,
      compressor: 'gzip',
      'platform-compressor': {},
      'vmware-hw-version': 13,
      'aws-x86-boot-mode': 'uefi-preferred',
    });
  });

  const at = '/usr/share/coreos-assembler/image.json in the container: ';
  it.each([
    ['[]', `${at}Invalid input: expected object, received array`],
    ['null', `${at}Invalid input: expected object, received null`],
    ['{', `${at}it is not JSON`],
    [`${'['.repeat(200)}`, `${at}it is nested more than 100 levels deep`],
    ['{"size":0}', `${at}"size": must be above 0`],
    ['{"size":-1}', `${at}"size": must be above 0`],
    ['{"size":1.5}', `${at}"size": Invalid input: expected int, received number`],
    ['{"size":1e9}', `${at}"size": must be at most 16384`],
    ['{"size":1e999}', `${at}"size": Invalid input: expected number, received Infinity`],
    ['{"size":"10"}', `${at}"size": Invalid input: expected number, received string`],
    ['{"rootfs":["ext4"]}', `${at}"rootfs": Invalid input: expected string, received array`],
    ['{"rootfs-args":"-d\\u0000/etc"}', `${at}"rootfs-args": must be one line without control characters`],
    ['{"extra-kargs":"quiet"}', `${at}"extra-kargs": Invalid input: expected array, received string`],
    ['{"extra-kargs":["a\\nlinux /evil"]}', `${at}"extra-kargs.0": must be one line without control characters`],
    ['{"extra-kargs":["quiet",""]}', `${at}"extra-kargs.1": must not be empty`],
    ['{"container-imgref":"x\\n[core]"}', `${at}"container-imgref": must be one line without control characters`],
    ['{"ostree-remote":"\\u001b[2J"}', `${at}"ostree-remote": must be one line without control characters`],
    ['{"compressor":"rm -rf /"}', `${at}"compressor": Invalid option: expected one of "xz"|"gzip"|"zstd"|"none"`],
    [
      '{"platform-compressor":{"aws":"lzma"}}',
      `${at}"platform-compressor.aws": Invalid option: expected one of "xz"|"gzip"|"zstd"|"none"|"zip"`,
    ],
    ['{"platforms":"all"}', `${at}"platforms": Invalid input: expected array, received string`],
    ['{"platforms":[1]}', `${at}"platforms.0": Invalid input: expected string, received number`],
    ['{"vmware-os-type":"\\u0007"}', `${at}"vmware-os-type": must be one line without control characters`],
    ['{"vmware-hw-version":0}', `${at}"vmware-hw-version": must be above 0`],
    ['{"vmware-secure-boot":"yes"}', `${at}"vmware-secure-boot": Invalid input: expected boolean, received string`],
    [
      '{"aws-x86-boot-mode":"bios"}',
      `${at}"aws-x86-boot-mode": Invalid option: expected one of "uefi-preferred"|"uefi"|"legacy-bios"`,
    ],
  ])('refuses %s', (content, message) => {
    expect(() => parseDiskConfig(Buffer.from(content))).toThrow(
      expect.objectContaining({ code: 'IMAGE_CONFIG_INVALID', exitStatus: 4, message }),
    );
  });

  it('refuses composefs, and says what to do', () => {
    expect(() => parseDiskConfig(Buffer.from('{"composefs":true}'))).toThrow(
      expect.objectContaining({
        code: 'COMPOSEFS_UNSUPPORTED',
        exitStatus: 2,
        message: 'image.json: "composefs" is true, and composefs disks cannot be written',
        hint: 'set "composefs: false" in image.yaml and build the container again',
      }),
    );
  });

  it('gives the defaults where the container has none', () => {
    expect(parseDiskConfig(undefined)).toEqual(parseDiskConfig(Buffer.from('{}')));
    expect(parseDiskConfig(undefined)).toMatchObject({ rootfs: 'ext4', size: 10, 'extra-kargs': [] });
  });
});

describe('parsePlatforms', () => {
  it('gives each platform’s part, with what it leaves out', () => {
    const platforms = parsePlatforms(
      Buffer.from('{"qemu":{"kernel_arguments":["a"]},"aws":{"grub_commands":[],"new":1}}'),
    );
    expect(platforms.get('qemu')).toEqual({ grub_commands: [], kernel_arguments: ['a'] });
    expect(platforms.get('aws')).toEqual({ grub_commands: [], kernel_arguments: [] });
    expect(platforms.get('__proto__')).toBeUndefined();
  });

  it('gives nothing where there is nothing', () => {
    expect(parsePlatforms(undefined).size).toBe(0);
  });

  const at = '/usr/share/coreos-assembler/platforms.json in the container: ';
  it.each([
    ['[]', `${at}Invalid input: expected record, received array`],
    ['{"qemu":[]}', `${at}"qemu": Invalid input: expected object, received array`],
    [
      '{"qemu":{"kernel_arguments":"a"}}',
      `${at}"qemu.kernel_arguments": Invalid input: expected array, received string`,
    ],
    [
      '{"qemu":{"grub_commands":["a\\nb"]}}',
      `${at}"qemu.grub_commands.0": must be one line without control characters`,
    ],
  ])('refuses %s', (content, message) => {
    expect(() => parsePlatforms(Buffer.from(content))).toThrow(
      expect.objectContaining({ code: 'IMAGE_CONFIG_INVALID', exitStatus: 4, message }),
    );
  });
});
