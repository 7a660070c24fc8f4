import { mkdtemp, open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { xfs } from '../../../../src/disk/by-host/filesystems/xfs.ts';
import { mkfsXfsVersion } from '../../../../src/exec/tools/mkfs-xfs.ts';
import { silentReporter } from '../../../../src/progress/reporter.ts';

const offset = 1 << 20;
const size = 400 << 20;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-xfs-'));
});
afterAll(() => rm(base, { recursive: true }));

async function request(options = '') {
  const source = await mkdtemp(join(base, 'tree-'));
  await writeFile(join(source, 'file'), 'content');
  const disk = join(base, 'disk');
  await (await open(disk, 'w')).close();
  await truncate(disk, offset + size);
  const uuid = '6a4c7b0e-1d2f-8a3b-9c4d-5e6f70819203';
  return { disk, offset, size, source, scratch: base, label: 'root', uuid, timestamp: 1, options };
}

it('writes the filesystem in its place, or says which xfsprogs can', async () => {
  const [major, minor] = await mkfsXfsVersion();
  const write = xfs.write(await request(), silentReporter());
  if (major > 6 || (major === 6 && minor >= 17)) {
    await write;
    await using disk = await open(join(base, 'disk'));
    expect((await disk.read(Buffer.alloc(4), 0, 4, offset)).buffer.toString()).toBe('XFSB');
    expect((await readdir(base)).filter((name) => name.endsWith('.xfs'))).toEqual([]);
  } else {
    await expect(write).rejects.toMatchObject({
      code: 'XFS_UNSUPPORTED',
      exitStatus: 3,
      message: `the container wants an XFS filesystem, and this host's mkfs.xfs ${major}.${minor} cannot fill one from a directory`,
    });
  }
});

it('refuses options that reach beyond the filesystem', async () => {
  await expect(xfs.write(await request('-d name=/dev/sda'), silentReporter())).rejects.toMatchObject({
    code: 'FILESYSTEM_OPTION',
    message: 'image.json: "rootfs-args" has "-d name=/dev/sda", which is not permitted for xfs',
  });
});
