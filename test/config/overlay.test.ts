import { chmod, mkdir, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { overlayFingerprint, readOverlay, readOverlays } from '../../src/config/overlay.ts';
import { sha256Hex } from '../../src/lib/digest.ts';
import { writeFiles } from './support.ts';

const nowhere = () => ({ file: 'manifest.yaml', line: 1, column: 1 });

test('gives every entry in byte order, with modes that do not depend on the checkout', async () => {
  const base = await writeFiles({
    'etc/b': 'b',
    'etc/a.conf': '',
    'etc/a/x': 'x',
    'usr/bin/tool': '#!/bin/sh\n',
    statoverride: '=288 /etc/b\n2048 /usr/bin/tool\n=448 /etc/a\n',
    'etc/statoverride': 'a file like any other',
  });
  await chmod(join(base, 'usr/bin/tool'), 0o700);
  await chmod(join(base, 'etc/a.conf'), 0o666);
  await mkdir(join(base, 'empty'), { mode: 0o700 });
  await symlink('../nowhere', join(base, 'etc/link'));
  const file = (path: string, content: string, mode: number) => {
    return { path, type: 'file', mode, sha256: sha256Hex(content), size: content.length };
  };
  const overlay = await readOverlay('name', base);
  expect(overlay).toMatchObject({ name: 'name', directory: base });
  expect(await overlayFingerprint(overlay)).toEqual([
    { path: 'empty', type: 'directory', mode: 0o755 },
    { path: 'etc', type: 'directory', mode: 0o755 },
    { path: 'etc/a', type: 'directory', mode: 0o700 },
    file('etc/a/x', 'x', 0o644),
    file('etc/a.conf', '', 0o644),
    file('etc/b', 'b', 0o440),
    { path: 'etc/link', type: 'symlink', target: '../nowhere' },
    file('etc/statoverride', 'a file like any other', 0o644),
    { path: 'usr', type: 'directory', mode: 0o755 },
    { path: 'usr/bin', type: 'directory', mode: 0o755 },
    file('usr/bin/tool', '#!/bin/sh\n', 0o4755),
  ]);
});

test('an overlay may be a link to a directory of another repository', async () => {
  const base = await writeFiles({ 'common/05core/etc/x': 'x', 'overlay.d/10own/etc/y': 'y' });
  await symlink('../common/05core', join(base, 'overlay.d/05core'));
  const overlays = await readOverlays(base, ['overlay/05core', 'overlay/10own'], nowhere);
  expect(overlays.map(({ entries }) => entries.at(-1)?.path)).toEqual(['etc/x', 'etc/y']);
});

test('a file is no overlay', async () => {
  const base = await writeFiles({ 'overlay.d/05core': '' });
  await expect(readOverlays(base, ['overlay/05core'], nowhere)).rejects.toMatchObject({
    code: 'CONFIG_OVERLAY_MISSING',
  });
});

test('a socket is refused', async () => {
  const base = await writeFiles({ 'etc/x': '' });
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(join(base, 'etc/socket'), resolve));
  await expect(readOverlay('name', base)).rejects.toMatchObject({
    code: 'CONFIG_OVERLAY_ENTRY',
    where: { file: join(base, 'etc/socket') },
  });
});

test('a link has no mode to override', async () => {
  const base = await writeFiles({ statoverride: '=384 /link\n' });
  await symlink('x', join(base, 'link'));
  await expect(readOverlay('name', base)).rejects.toMatchObject({
    code: 'CONFIG_STATOVERRIDE',
    message: '/link is a symbolic link, which has no mode',
  });
});
