import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { armBoard, pc } from '../../src/lib/architecture/virtual-machine.ts';
import { bootableArchitecture } from '../../src/vm/bootable.ts';
import { firmwareFor, firmwares, prepareFirmware } from '../../src/vm/firmware.ts';

describe('the firmware of a machine', () => {
  test.each([
    ['x86_64', undefined, 'bios'],
    ['x86_64', 'uefi', 'uefi'],
    ['aarch64', undefined, 'uefi'],
    ['aarch64', 'uefi-secure', 'uefi-secure'],
  ] as const)('for %s, asked for %s, is %s', (name, asked, expected) => {
    expect(firmwareFor(bootableArchitecture(name), asked)).toBe(expected);
  });

  test('is no BIOS where machines have none', () => {
    expect(() => firmwareFor(bootableArchitecture('aarch64'), 'bios')).toThrow(
      expect.objectContaining({
        code: 'FIRMWARE_UNSUPPORTED',
        exitStatus: 2,
        message: 'machines for aarch64 have no BIOS: they boot with UEFI alone',
        hint: 'leave --firmware out, or name uefi or uefi-secure',
      }),
    );
  });

  test('is asked of no machine that is not known', () => {
    expect(() => bootableArchitecture('s390x')).toThrow(
      expect.objectContaining({
        code: 'ARCHITECTURE_UNBOOTABLE',
        exitStatus: 2,
        message: 'no virtual machine for s390x is known here',
        hint: 'there are those for x86_64 and aarch64',
      }),
    );
  });
});

describe('its files', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cosa-firmware-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** A board whose firmware lies in the directory. */
  async function board(sizes: { code: number; variables: number; flash?: number }) {
    const files = { code: join(directory, 'CODE.fd'), variables: join(directory, 'VARS.fd') };
    await writeFile(files.code, Buffer.alloc(sizes.code, 'c'));
    await writeFile(files.variables, Buffer.alloc(sizes.variables, 'v'));
    const uefi = { plain: [{ code: '/none', variables: files.variables }, files], secure: [] };
    return { ...armBoard, uefi, flashBytes: sizes.flash ?? 1 << 20 };
  }

  test('are the first pair that is there, the variables copied for the guest to write to', async () => {
    const machine = await board({ code: 1 << 20, variables: 1 << 20 });
    const files = await prepareFirmware('uefi', machine, await mkdtemp(join(directory, 'machine-')));
    expect(files?.code).toBe(join(directory, 'CODE.fd'));
    expect(files?.variables).not.toBe(join(directory, 'VARS.fd'));
    expect((await readFile(files?.variables ?? '')).equals(await readFile(join(directory, 'VARS.fd')))).toBe(true);
  });

  test('are filled up to what the flash chips hold', async () => {
    const machine = await board({ code: 5000, variables: 600 });
    const files = await prepareFirmware('uefi', machine, await mkdtemp(join(directory, 'machine-')));
    for (const [path = '', content] of [
      [files?.code, 'c'.repeat(5000)],
      [files?.variables, 'v'.repeat(600)],
    ]) {
      expect((await stat(path)).size).toBe(1 << 20);
      const text = await readFile(path, 'latin1');
      expect(text.replace(/\0+$/, '')).toBe(content);
    }
  });

  test('are none for BIOS, and a missing tool where there are none', async () => {
    expect(await prepareFirmware('bios', pc, directory)).toBeUndefined();
    const machine = await board({ code: 1, variables: 1 });
    await expect(prepareFirmware('uefi-secure', machine, directory)).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      exitStatus: 3,
      hint: 'apt-get install qemu-efi-aarch64   (Fedora: dnf install edk2-aarch64)',
    });
  });

  test.each(firmwares.filter((name) => name !== 'bios'))('are here for both architectures: %s', async (name) => {
    for (const machine of [pc, armBoard]) {
      const files = await prepareFirmware(name, machine, await mkdtemp(join(directory, 'machine-')));
      expect(files?.code).toMatch(/\.fd$/);
    }
  });
});
