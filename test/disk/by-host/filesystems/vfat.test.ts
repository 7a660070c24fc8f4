import { mkdir, mkdtemp, open, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { vfat } from '../../../../src/disk/by-host/filesystems/vfat.ts';
import { run } from '../../../../src/exec/run.ts';
import { digestFile } from '../../../../src/lib/digest.ts';
import { silentReporter } from '../../../../src/progress/reporter.ts';

const packages = { deb: 'mtools', rpm: 'mtools' };
const mtype = { name: 'mtype', packages, purpose: 'reads FAT files' };
const fsck = { name: 'fsck.vfat', packages: { deb: 'dosfstools', rpm: 'dosfstools' }, purpose: 'checks filesystems' };
const offset = 1 << 20;
const size = 127 << 20;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-vfat-'));
});
afterAll(() => rm(base, { recursive: true }));

let source: string;
beforeEach(async () => {
  source = await mkdtemp(join(base, 'tree-'));
  await mkdir(join(source, 'EFI/BOOT'), { recursive: true });
});

async function writeDisk(name: string, at = offset): Promise<string> {
  const disk = join(base, name);
  await (await open(disk, 'w')).close();
  await truncate(disk, at + size);
  const uuid = '6a4c7b0e-1d2f-8a3b-9c4d-5e6f70819203';
  const request = {
    disk,
    offset: at,
    size,
    source,
    scratch: base,
    label: 'EFI-SYSTEM',
    uuid,
    timestamp: 1,
    options: '',
  };
  await vfat.write(request, silentReporter());
  return disk;
}

describe('vfat', () => {
  it('holds the files, gives the same bytes again, and stands a check', async () => {
    await writeFile(join(source, 'EFI/BOOT/BOOTX64.EFI'), 'shim');
    await writeFile(join(source, 'EFI/BOOT/grub.cfg'), 'configfile');
    const disk = await writeDisk('one');
    const { stdout } = await run(mtype, ['-i', `${disk}@@${offset}`, '::/EFI/BOOT/grub.cfg']);
    expect(stdout).toBe('configfile');
    expect(await digestFile(await writeDisk('two'))).toEqual(await digestFile(disk));
    await run(fsck, ['-n', await writeDisk('check', 0)]);
  });

  it.each([
    ['c:evil', '"/c:evil" cannot be a name in the EFI system partition'],
    ['star*', '"/star*" cannot be a name in the EFI system partition'],
    ['-i', '"/-i" cannot be a name in the EFI system partition'],
  ])('refuses the name %s', async (name, message) => {
    await writeFile(join(source, name), '');
    await expect(writeDisk('names')).rejects.toMatchObject({ code: 'ESP_NAME', exitStatus: 4, message });
  });

  it('refuses a symbolic link', async () => {
    await symlink('/etc/passwd', join(source, 'EFI/link'));
    await expect(writeDisk('links')).rejects.toMatchObject({
      code: 'ESP_ENTRY',
      message: '/EFI/link in the EFI system partition is neither a file nor a directory',
    });
  });
});
