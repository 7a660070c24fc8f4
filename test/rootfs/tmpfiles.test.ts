import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { createdPaths, formatTmpfilesLine } from '../../src/rootfs/tmpfiles.ts';
import { readTree, writeTree } from './support.ts';

const tmpfiles = { name: 'systemd-tmpfiles', packages: { deb: 'systemd', rpm: 'systemd' }, purpose: 'reads the lines' };

describe('formatTmpfilesLine', () => {
  it.each([
    [{ type: 'd', path: '/var/lib/x', mode: 0o755, user: 'root', group: 'root' }, 'd /var/lib/x 0755 root root - -'],
    [{ type: 'd', path: '/var/mail', mode: 0o2775, user: '0', group: 'mail' }, 'd /var/mail 2775 0 mail - -'],
    [{ type: 'L', path: '/var/run', argument: '/run' }, 'L /var/run - - - - /run'],
    [{ type: 'C', path: '/var/a b', argument: '/usr/100%' }, 'C "/var/a b" - - - - /usr/100%%'],
    [{ type: 'L', path: '/var/"q\\', argument: "it's\n" }, 'L "/var/\\"q\\\\" - - - - it\\x27s\\x0a'],
    [{ type: 'L', path: '/var/é', argument: 'x' }, 'L /var/é - - - - x'],
  ] as const)('%j', (line, expected) => {
    expect(formatTmpfilesLine(line)).toBe(expected);
  });
});

it('is read by the systemd of this machine as it was meant', async () => {
  const root = await writeTree({ 'etc/passwd': 'root:x:0:0::/:/bin/sh\n', 'etc/group': 'root:x:0:\n' });
  const names = [
    'a blank',
    '"quotes"',
    "'q'",
    'back\\slash',
    '50%',
    '%h',
    'tab\t',
    ' edge ',
    'über',
    '#x',
    '\\x20',
    '-',
  ];
  const lines = names.flatMap((name) => [
    { type: 'd', path: `/made/${name}`, mode: 0o750, user: 'root', group: 'root' } as const,
    { type: 'L', path: `/linked/${name}`, argument: `/target/${name}` } as const,
    { type: 'C', path: `/copied/${name}`, argument: `/source/${name}` } as const,
  ]);
  for (const name of names) await writeTree({ [`source/${name}`]: name }, root);
  const text = lines.map((line) => `${formatTmpfilesLine(line)}\n`).join('');
  await writeTree({ 'usr/lib/tmpfiles.d/test.conf': text }, root);
  await run(tmpfiles, [`--root=${root}`, '--create', join(root, 'usr/lib/tmpfiles.d/test.conf')]);
  const tree = await readTree(root);
  for (const name of names) {
    expect(tree).toMatchObject({
      [`/made/${name}/`]: '0750',
      [`/linked/${name}`]: `→ /target/${name}`,
      [`/copied/${name}`]: name,
    });
  }
  expect(createdPaths(text)).toEqual(lines.map(({ path }) => path));
});

describe('createdPaths', () => {
  it('knows lines that create from those that clean or change', () => {
    const text = [
      '# comment',
      'd /var/log 0755 root root -',
      'q /var/lib/machines/ 0700',
      '  L+ /var/link - - - - target',
      'C! /var/copy',
      'f= /var/file 0644',
      'x /var/tmp/keep',
      'R! /var/tmp/old',
      'Z /var/recursive',
      'z /var/mode 0700',
      'e /var/cache 0755 - - 10d',
      '',
    ].join('\n');
    expect(createdPaths(text)).toEqual(['/var/log', '/var/lib/machines', '/var/link', '/var/copy', '/var/file']);
  });
});
