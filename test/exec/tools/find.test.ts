import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findEntries } from '../../../src/exec/tools/find.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cosa-tools-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('findEntries', () => {
  it('gives what each entry is', async () => {
    mkdirSync(join(directory, 'd'), { mode: 0o700 });
    writeFileSync(join(directory, 'd/file\nof lines'), '12345', { mode: 0o640 });
    symlinkSync('../a b', join(directory, 'd/link'));
    execFileSync('chmod', ['u+s', join(directory, 'd/file\nof lines')]);
    const entries = new Map((await findEntries(directory)).map((entry) => [entry.path, entry]));
    expect([...entries.keys()].sort()).toEqual(['/', '/d', '/d/file\nof lines', '/d/link']);
    const owner = { uid: process.getuid?.(), gid: process.getgid?.() };
    expect(entries.get('/d')).toMatchObject({ type: 'directory', mode: 0o700, linkTarget: '', ...owner });
    expect(entries.get('/d/file\nof lines')).toMatchObject({ type: 'file', mode: 0o4640, size: 5, inode: '' });
    expect(entries.get('/d/link')).toMatchObject({ type: 'symlink', linkTarget: '../a b', inode: '' });
  });

  it('tells which names are one file', async () => {
    writeFileSync(join(directory, 'a'), '');
    execFileSync('ln', [join(directory, 'a'), join(directory, 'b')]);
    const [a, b] = (await findEntries(directory)).filter(({ type }) => type === 'file');
    expect(a?.inode).toMatch(/^\d+:\d+$/);
    expect(b?.inode).toBe(a?.inode);
  });
});
