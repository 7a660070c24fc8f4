import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { climbsOut, resolveDirectoryInRoot, resolveInRoot } from '../../src/lib/root-path.ts';
import { temporaryDirectory, writeTree } from '../rootfs/support.ts';

describe('resolveInRoot', () => {
  const links = {
    'usr/lib/x86/libc.so': '',
    lib: { link: 'usr/lib' },
    absolute: { link: '/usr/lib' },
    outside: { link: '../../../../../../etc' },
    chain: { link: 'absolute/x86' },
    loop: { link: 'loop2' },
    loop2: { link: 'loop' },
  };

  it.each([
    ['/usr/lib/x', '/usr/lib/x'],
    ['usr//lib/./x', '/usr/lib/x'],
    ['/lib/x86/libc.so', '/usr/lib/x86/libc.so'],
    ['/absolute/x', '/usr/lib/x'],
    ['/chain/libc.so', '/usr/lib/x86/libc.so'],
    ['/lib', '/lib'],
    ['/lib/', '/lib'],
    ['/outside/passwd', '/etc/passwd'],
    ['/../../../etc/passwd', '/etc/passwd'],
    ['/lib/../../x', '/x'],
    ['/not/there/yet', '/not/there/yet'],
    ['/', '/'],
  ])('%s is %s', async (path, expected) => {
    expect(await resolveInRoot(await writeTree(links), path)).toBe(expected);
  });

  it('follows the last component of a directory', async () => {
    expect(await resolveDirectoryInRoot(await writeTree(links), '/lib')).toBe('/usr/lib');
  });

  it('refuses a loop', async () => {
    await expect(resolveInRoot(await writeTree(links), '/loop/x')).rejects.toMatchObject({
      code: 'ROOT_LINK_LOOP',
      message: '/loop/x in the root goes through more than 40 symbolic links',
    });
  });

  it('never leaves the root, whatever the links say', async () => {
    const part = fc.constantFrom('..', '.', 'a', 'b', 'c', '');
    const target = fc.array(part, { maxLength: 6 }).map((parts) => parts.join('/'));
    await fc.assert(
      fc.asyncProperty(target, target, fc.array(part, { maxLength: 8 }), async (a, b, path) => {
        const root = await temporaryDirectory();
        await writeTree({ a: { link: a === '' ? '/' : a }, b: { link: b === '' ? '/' : `/${b}` } }, root);
        const resolved = await resolveInRoot(root, path.join('/')).catch((error: { code: string }) => error.code);
        expect(resolved === 'ROOT_LINK_LOOP' || /^\/(?!.*(^|\/)\.\.?(\/|$))/.test(resolved)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe('climbsOut', () => {
  it.each([
    ['etc/localtime', '../usr/share/zoneinfo/UTC', false],
    ['etc/localtime', '../../usr/share/zoneinfo/UTC', true],
    ['etc/localtime', '/usr/share/zoneinfo/UTC', false],
    ['top', '..', true],
    ['top', 'usr/../..', true],
    ['a/b/c', '../..', false],
  ])('%s → %s: %s', (path, target, expected) => {
    expect(climbsOut(path, target)).toBe(expected);
  });
});
