import { describe, expect, it } from 'vitest';
import { createdPaths, formatTmpfilesLine } from '../../src/rootfs/tmpfiles.ts';

describe('formatTmpfilesLine', () => {
  it.each([
    [{ type: 'd', path: '/var/lib/x', mode: 0o755, user: 'root', group: 'root' }, 'd /var/lib/x 0755 root root - -'],
    [{ type: 'd', path: '/var/mail', mode: 0o2775, user: '0', group: 'mail' }, 'd /var/mail 2775 0 mail - -'],
    [{ type: 'L', path: '/var/run', argument: '/run' }, 'L /var/run - - - - /run'],
    [{ type: 'C', path: '/var/a b', argument: '/usr/100%' }, 'C /var/a\\x20b - - - - /usr/100%%'],
    [{ type: 'L', path: '/var/"q\\', argument: "it's\n" }, 'L /var/\\x22q\\x5c - - - - it\\x27s\\x0a'],
    [{ type: 'L', path: '/var/é', argument: 'x' }, 'L /var/é - - - - x'],
  ] as const)('%j', (line, expected) => {
    expect(formatTmpfilesLine(line)).toBe(expected);
  });
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
