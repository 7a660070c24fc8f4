import { link, lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { overlays } from '../../../src/rootfs/steps/overlays.ts';
import { contextFor, modeOf, overlayOf, readTree, writeTree } from '../support.ts';

describe('overlays', () => {
  it('copies files, links and directories with the modes that are stated', async () => {
    const root = await writeTree({ 'etc/kept': 'kept', 'etc/replaced': { content: 'old', mode: 0o600 } });
    const overlay = await overlayOf(
      '05core',
      { 'etc/replaced': 'new', 'etc/secret/key': 'k', 'etc/link': { link: 'replaced' } },
      { 'etc/secret': 0o700, 'etc/secret/key': 0o440 },
    );
    const context = contextFor(root, { overlays: [overlay] });
    await overlays.run(context);
    expect(await readTree(join(root, 'etc'))).toEqual({
      '/kept': 'kept',
      '/link': '→ replaced',
      '/replaced': 'new',
      '/secret/': '0700',
      '/secret/key': 'k',
    });
    expect(await modeOf(join(root, 'etc/replaced'))).toBe('0644');
    expect(await modeOf(join(root, 'etc/secret/key'))).toBe('0440');
    expect([...context.generated]).toEqual([
      ['/etc/link', 'overlay/05core'],
      ['/etc/replaced', 'overlay/05core'],
      ['/etc/secret/key', 'overlay/05core'],
    ]);
  });

  it('warns of what can stay nowhere, by overlay and path', async () => {
    const root = await writeTree({ 'var/run': { link: '/run' }, 'var/lib': { directory: 0o755 } });
    const overlay = await overlayOf('a', {
      'boot/x/f': '',
      'boot/x/g': '',
      'media/disk': { link: '/srv' },
      'run/x/f': '',
      'var/run/y': '',
      'var/cache/app/.keep': '',
      'var/lib/app/kept': '',
      'usr/boot/kept': '',
      tmp: { directory: 0o1777 },
    });
    const context = contextFor(root, { overlays: [overlay] });
    await overlays.run(context);
    expect(context.warnings).toEqual([
      'overlay a: "/boot/x/f" and 1 more will not be in the container: nothing stays below /boot',
      'overlay a: "/media/disk" will not be in the container: nothing stays below /media',
      'overlay a: "/run/x/f" and 1 more will not be in the container: nothing stays below /run',
      'overlay a: "/var/cache/app/.keep" will not be in the container: nothing stays below /var/cache',
    ]);
  });

  it('warns of scripts with the line ends of Windows', async () => {
    const files = {
      'usr/bin/crlf': '#!/bin/sh\r\necho\r\n',
      'usr/bin/unix': '#!/bin/sh\n',
      'usr/share/text': 'x\r\n',
      empty: '',
    };
    const context = contextFor(await writeTree({}), { overlays: [await overlayOf('a', files)] });
    await overlays.run(context);
    expect(context.warnings).toEqual([
      'overlay a: the script "/usr/bin/crlf" has the line ends of Windows (CR LF), and will not run',
    ]);
  });

  it('gives files the same time on every machine', async () => {
    const root = await writeTree({});
    await overlays.run(contextFor(root, { overlays: [await overlayOf('a', { file: '', link: { link: 'file' } })] }));
    expect((await lstat(join(root, 'file'))).mtimeMs).toBe(0);
    expect((await lstat(join(root, 'link'))).mtimeMs).toBe(0);
  });

  it('lets a later overlay win, and keeps the mode of a directory that the packages have', async () => {
    const root = await writeTree({ 'var/private': { directory: 0o700 } });
    const first = await overlayOf('first', { 'var/private/x': '1' });
    const second = await overlayOf('second', { 'var/private/x': '2' });
    const context = contextFor(root, { overlays: [first, second] });
    await overlays.run(context);
    expect(await readFile(join(root, 'var/private/x'), 'utf8')).toBe('2');
    expect(await modeOf(join(root, 'var/private'))).toBe('0700');
    expect(context.generated.get('/var/private/x')).toBe('overlay/second');
  });

  it('follows links of the root in directories', async () => {
    const root = await writeTree({ 'usr/lib/there': '', lib: { link: 'usr/lib' } });
    const context = contextFor(root, { overlays: [await overlayOf('a', { 'lib/systemd/x': '1' })] });
    await overlays.run(context);
    expect(await readFile(join(root, 'usr/lib/systemd/x'), 'utf8')).toBe('1');
    expect([...context.generated.keys()]).toEqual(['/usr/lib/systemd/x']);
  });

  it('writes neither through a link nor into the other names of a file', async () => {
    const outside = await writeTree({ victim: 'safe' });
    const root = await writeTree({ 'etc/link': { link: join(outside, 'victim') }, 'etc/one': 'shared' });
    await link(join(root, 'etc/one'), join(root, 'etc/two'));
    const overlay = await overlayOf('a', { 'etc/link': 'new', 'etc/one': 'new' });
    await overlays.run(contextFor(root, { overlays: [overlay] }));
    expect(await readFile(join(outside, 'victim'), 'utf8')).toBe('safe');
    expect(await readTree(join(root, 'etc'))).toEqual({ '/link': 'new', '/one': 'new', '/two': 'shared' });
  });

  it('stays in the root where a link of the root points out of it', async () => {
    const outside = await writeTree({ sub: { directory: 0o755 } });
    const root = await writeTree({ escape: { link: `../../../..${outside}/sub` } });
    await overlays.run(contextFor(root, { overlays: [await overlayOf('a', { 'escape/file': 'x' })] })).catch(() => 0);
    expect(await readTree(outside)).toEqual({ '/sub/': '0755' });
  });

  it.each([
    [
      'a link that leads out',
      { 'etc/evil': { link: '../../../etc/shadow' } },
      'OVERLAY_LINK_ESCAPES',
      'overlay bad: the link /etc/evil → ../../../etc/shadow leads out of the root',
    ],
    [
      'a file where a directory is',
      { etc: 'file' },
      'OVERLAY_CONFLICT',
      'overlay bad has a file at /etc, but the packages have a directory there',
    ],
    [
      'a link where a directory is',
      { etc: { link: 'usr/etc' } },
      'OVERLAY_CONFLICT',
      'overlay bad has a symlink at /etc, but the packages have a directory there',
    ],
    [
      'a directory where a file is',
      { 'etc/passwd/x': '' },
      'OVERLAY_CONFLICT',
      'overlay bad has a directory at /etc/passwd, but the packages have a file there',
    ],
  ])('refuses %s', async (_, nodes, code, message) => {
    const root = await writeTree({ 'etc/passwd': '' });
    const overlay = await overlayOf('bad', nodes);
    await expect(overlays.run(contextFor(root, { overlays: [overlay] }))).rejects.toMatchObject({ code, message });
  });
});
