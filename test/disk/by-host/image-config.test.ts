import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readImageConfig, readPlatformSettings } from '../../../src/disk/by-host/image-config.ts';

let tree: string;
beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), 'cosa-config-'));
  await mkdir(join(tree, 'usr/share/coreos-assembler'), { recursive: true });
});
afterEach(() => rm(tree, { recursive: true }));

const write = (name: string, content: string) => writeFile(join(tree, 'usr/share/coreos-assembler', name), content);

describe('readImageConfig', () => {
  it('fills in the defaults and ignores what it does not know', async () => {
    await write('image.json', '{"rootfs":"ext4","vmware-hw-version":13}');
    expect(await readImageConfig(tree)).toMatchObject({
      bootfs: 'ext4',
      rootfs: 'ext4',
      'rootfs-args': '',
      composefs: false,
      'extra-kargs': [],
      size: 10,
      'ignition-network-kcmdline': [],
    });
  });

  const at = '/usr/share/coreos-assembler/image.json in the container: ';
  it.each([
    ['[]', 'IMAGE_CONFIG_INVALID', `${at}Invalid input: expected object, received array`],
    ['{', 'IMAGE_CONFIG_INVALID', at],
    ['{"size":0}', 'IMAGE_CONFIG_INVALID', `${at}"size": must be above 0`],
    ['{"size":1e9}', 'IMAGE_CONFIG_INVALID', `${at}"size": must be at most 16384`],
    ['{"size":"10"}', 'IMAGE_CONFIG_INVALID', `${at}"size": Invalid input: expected number, received string`],
    [
      '{"extra-kargs":["a\\nlinux /evil"]}',
      'IMAGE_CONFIG_INVALID',
      `${at}"extra-kargs.0": must be one line without control characters`,
    ],
    [
      '{"container-imgref":"x\\n[core]"}',
      'IMAGE_CONFIG_INVALID',
      `${at}"container-imgref": must be one line without control characters`,
    ],
    [
      '{"composefs":true}',
      'COMPOSEFS_UNSUPPORTED',
      'image.json: "composefs" is true, and composefs disks cannot be written',
    ],
  ])('refuses %s', async (content, code, message) => {
    await write('image.json', content);
    await expect(readImageConfig(tree)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it('says when the container has none', async () => {
    await expect(readImageConfig(tree)).rejects.toMatchObject({
      code: 'IMAGE_CONFIG_MISSING',
      exitStatus: 4,
      message: 'the container has no /usr/share/coreos-assembler/image.json',
    });
  });

  it('does not read the host through a symbolic link', async () => {
    await symlink('/etc/passwd', join(tree, 'usr/share/coreos-assembler/image.json'));
    await expect(readImageConfig(tree)).rejects.toMatchObject({ code: 'CONTAINER_PATH' });
  });
});

describe('readPlatformSettings', () => {
  it('gives the platform’s part', async () => {
    await write('platforms.json', '{"qemu":{"kernel_arguments":["a"]},"aws":{"grub_commands":[]}}');
    expect(await readPlatformSettings(tree, 'qemu')).toEqual({ grub_commands: [], kernel_arguments: ['a'] });
    expect(await readPlatformSettings(tree, '__proto__')).toBeUndefined();
  });

  it('gives nothing where there is nothing', async () => {
    expect(await readPlatformSettings(tree, 'qemu')).toBeUndefined();
  });

  it('names what is wrong', async () => {
    await write('platforms.json', '{"qemu":{"kernel_arguments":"a"}}');
    await expect(readPlatformSettings(tree, 'qemu')).rejects.toThrow(
      '/usr/share/coreos-assembler/platforms.json in the container: "qemu.kernel_arguments": Invalid input: expected array, received string',
    );
  });
});
