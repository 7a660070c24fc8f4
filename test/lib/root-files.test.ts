import { execFile } from 'node:child_process';
import { chmod, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  isDirectoryInRoot,
  makeDirectoryInRoot,
  namesInRoot,
  readTextInRoot,
  readTextInRootIfExists,
  removeInRoot,
  renameInRoot,
  replaceInRoot,
  statInRoot,
  writeTextInRoot,
} from '../../src/lib/root-files.ts';
import { modeOf, readTree, temporaryDirectory, writeTree } from '../rootfs/support.ts';

/** A root beside a directory of the host that must stay as it is, with links that would lead there. */
async function scene() {
  const host = await writeTree({ 'secret/file': 'the host', 'secret/other': 'the host' });
  const root = await writeTree(
    {
      'usr/share/real': 'the root',
      'etc/absolute': { link: '/usr/share/real' },
      'etc/relative': { link: '../usr/share/real' },
      'etc/out': { link: join(host, 'secret/file') },
      'etc/climbing': { link: `../../../../../../..${host}/secret/file` },
      'etc/null': { link: '/dev/null' },
      'etc/dangling': { link: '/usr/share/none' },
      'etc/loop': { link: 'loop' },
      share: { link: '/usr/share' },
      outside: { link: join(host, 'secret') },
    },
    join(host, 'root'),
  );
  return { host, root };
}

describe('reading', () => {
  it.each([
    ['/usr/share/real', 'the root'],
    ['/etc/absolute', 'the root'],
    ['/etc/relative', 'the root'],
    ['/share/real', 'the root'],
    ['/etc/null', ''],
  ])('%s says "%s"', async (path, expected) => {
    const { root } = await scene();
    expect(await readTextInRoot(root, path)).toBe(expected);
  });

  it.each([
    ['/etc/group', 'ROOT_FILE_MISSING', 'the root has no /etc/group'],
    ['/etc/dangling', 'ROOT_FILE_MISSING', 'the root has no /etc/dangling (a link to /usr/share/none)'],
    ['/etc', 'ROOT_FILE_KIND', '/etc in the root is not a regular file'],
    ['/etc/loop', 'ROOT_LINK_LOOP', '/etc/loop in the root goes through more than 40 symbolic links'],
  ])('%s: %s', async (path, code, message) => {
    const { root } = await scene();
    await expect(readTextInRoot(root, path)).rejects.toMatchObject({ code, message });
  });

  it.each(['/etc/out', '/etc/climbing', '/outside/file'])('%s is nothing of the host', async (path) => {
    const { root } = await scene();
    expect(await readTextInRootIfExists(root, path)).toBeUndefined();
    expect(await isDirectoryInRoot(root, '/outside')).toBe(false);
    expect(await namesInRoot(root, '/outside')).toEqual([]);
  });

  it('does not wait for a pipe', async () => {
    const root = await temporaryDirectory();
    await promisify(execFile)('mkfifo', [join(root, 'pipe')]);
    await expect(readTextInRoot(root, '/pipe')).rejects.toMatchObject({ code: 'ROOT_FILE_KIND' });
    await expect(writeTextInRoot(root, '/pipe', 'x')).rejects.toMatchObject({ code: 'ROOT_FILE_KIND' });
  });
});

describe('writing', () => {
  it('goes where links lead in the root, and keeps permissions', async () => {
    const { root } = await scene();
    await chmod(join(root, 'usr/share/real'), 0o640);
    await writeTextInRoot(root, '/etc/absolute', 'new');
    expect(await readFile(join(root, 'usr/share/real'), 'utf8')).toBe('new');
    expect(await modeOf(join(root, 'usr/share/real'))).toBe('0640');
    expect((await statInRoot(root, '/etc/absolute'))?.isSymbolicLink()).toBe(true);
  });

  it.each([
    ['writes', (root: string) => writeTextInRoot(root, '/etc/out', 'x')],
    ['writes below a link', (root: string) => writeTextInRoot(root, '/outside/file', 'x')],
    ['replaces below a link', (root: string) => replaceInRoot(root, '/outside/file', 'x')],
    ['makes directories', (root: string) => makeDirectoryInRoot(root, '/outside/new/deep')],
    ['removes', (root: string) => removeInRoot(root, '/outside/file')],
    ['renames', (root: string) => renameInRoot(root, '/usr/share/real', '/outside/other')],
  ])('%s nothing of the host', async (_, change) => {
    const { host, root } = await scene();
    await change(root);
    const after = Object.entries(await readTree(host)).filter(([path]) => path.startsWith('/secret/'));
    expect(Object.fromEntries(after)).toEqual({
      '/secret/': '0755',
      '/secret/file': 'the host',
      '/secret/other': 'the host',
    });
  });

  it('puts a new file in the place of a link', async () => {
    const { host, root } = await scene();
    await replaceInRoot(root, '/etc/out', 'new', 0o600);
    expect(await readFile(join(root, 'etc/out'), 'utf8')).toBe('new');
    expect(await modeOf(join(root, 'etc/out'))).toBe('0600');
    expect(await readFile(join(host, 'secret/file'), 'utf8')).toBe('the host');
  });

  it('makes directories that everybody may enter, whatever the umask', async () => {
    const { root } = await scene();
    const before = process.umask(0o077);
    try {
      expect(await makeDirectoryInRoot(root, '/share/a/b')).toBe('/usr/share/a/b');
    } finally {
      process.umask(before);
    }
    expect((await stat(join(root, 'usr/share/a/b'))).mode & 0o777).toBe(0o755);
  });

  it('removes a link, and not what it leads to', async () => {
    const { root } = await scene();
    await symlink('usr', join(root, 'link'));
    await removeInRoot(root, '/link');
    expect(await namesInRoot(root, '/usr')).toEqual(['share']);
  });
});
