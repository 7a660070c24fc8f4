import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyTreeDirectory, readTreeFile } from '../../../src/disk/by-host/container-tree.ts';

let base: string;
let tree: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-tree-'));
  tree = join(base, 'tree');
  await mkdir(join(tree, 'usr/share'), { recursive: true });
  await writeFile(join(base, 'secret'), 'of the host');
  await writeFile(join(tree, 'usr/share/file'), 'content');
});
afterEach(() => rm(base, { recursive: true }));

describe('readTreeFile', () => {
  it('reads a file', async () => {
    expect((await readTreeFile(tree, 'usr/share/file', 100))?.toString()).toBe('content');
  });

  it.each(['usr/share/none', 'usr/none/file', 'none'])('finds nothing at %s', async (path) => {
    expect(await readTreeFile(tree, path, 100)).toBeUndefined();
  });

  it('follows no symbolic link, neither at the end nor on the way', async () => {
    await symlink(join(base, 'secret'), join(tree, 'usr/share/link'));
    await symlink(base, join(tree, 'usr/out'));
    await expect(readTreeFile(tree, 'usr/share/link', 100)).rejects.toThrow(
      '/usr/share/link in the container is not a regular file',
    );
    await expect(readTreeFile(tree, 'usr/out/secret', 100)).rejects.toThrow(
      '/usr/out in the container is not a directory',
    );
  });

  it('refuses what is too large', async () => {
    await expect(readTreeFile(tree, 'usr/share/file', 6)).rejects.toMatchObject({
      code: 'CONTAINER_PATH',
      exitStatus: 4,
      message: '/usr/share/file in the container has 7 bytes; 6 are permitted',
    });
  });
});

describe('copyTreeDirectory', () => {
  it('copies files and directories', async () => {
    await mkdir(join(tree, 'usr/share/sub'));
    await writeFile(join(tree, 'usr/share/sub/other'), 'more');
    expect(await copyTreeDirectory(tree, 'usr/share', join(base, 'copy'), 100)).toBe(true);
    expect(await readFile(join(base, 'copy/sub/other'), 'utf8')).toBe('more');
  });

  it('says when there is nothing to copy', async () => {
    expect(await copyTreeDirectory(tree, 'usr/none', join(base, 'copy'), 100)).toBe(false);
  });

  it.each([
    ['a symbolic link', 'usr/share', 100, '/usr/share/link in the container is neither a file nor a directory'],
    ['more than permitted', 'usr/share', 6, '/usr/share in the container holds more than 6 bytes'],
    ['a file as the directory', 'usr/share/file', 100, '/usr/share/file in the container is not a directory'],
  ])('refuses %s', async (what, path, limit, message) => {
    if (what === 'a symbolic link') await symlink('/etc/passwd', join(tree, 'usr/share/link'));
    await expect(copyTreeDirectory(tree, path, join(base, 'copy'), limit)).rejects.toThrow(message);
  });
});
