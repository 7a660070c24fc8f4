import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitObject } from '../../src/ostree/objects.ts';
import { scanTree } from '../../src/ostree/tree.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { commitOptions, makeTree, ostree, ostreeCommit } from './fixture.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cosa-tree-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('scanTree', () => {
  it('gives every object the checksum that the ostree command gives it', async () => {
    const root = join(directory, 'root');
    const repository = join(directory, 'repo');
    makeTree(root);
    ostree(`--repo=${repository}`, 'init', '--mode=archive');
    const expected = ostreeCommit(repository, root);
    const tree = await scanTree(root, silentReporter());
    expect(commitObject(tree.root, commitOptions).checksum).toBe(expected);
    // A name for each object of the repository, and no other.
    const names = execFileSync('find', ['objects', '-type', 'f', '-printf', '%P\n'], {
      cwd: repository,
      encoding: 'utf8',
    });
    const stored = names
      .trim()
      .split('\n')
      .map((name) => name.replace('/', ''));
    const scanned = [
      `${expected}.commit`,
      ...tree.metadata.map(({ checksum, kind }) => `${checksum}.${kind}`),
      ...new Set([...tree.files.values()].map(({ checksum }) => `${checksum}.filez`)),
    ];
    expect(scanned.sort()).toEqual(stored.sort());
  });

  it('lists parents before what is in them, and hard links as one object', async () => {
    makeTree(join(directory, 'root'));
    const tree = await scanTree(join(directory, 'root'), silentReporter());
    const paths = [...tree.directories.keys()];
    expect(paths[0]).toBe('/');
    expect(paths.indexOf('/usr')).toBeLessThan(paths.indexOf('/usr/bin'));
    expect(tree.files.get('/usr/bin/false')).toBe(tree.files.get('/usr/bin/true'));
    expect(tree.files.get('/usr/lib/größe')).toMatchObject({ size: 300_000, symlinkTarget: '' });
    expect(tree.files.get('/usr/bin/sh')).toMatchObject({ size: 0, symlinkTarget: '../lib//dash' });
  });

  it('does not depend on when and in which order files were made', async () => {
    for (const [name, files] of [
      ['a', ['1', '2']],
      ['b', ['2', '1']],
    ] as const) {
      mkdirSync(join(directory, name));
      for (const file of files) writeFileSync(join(directory, name, file), file);
    }
    const a = await scanTree(join(directory, 'a'), silentReporter());
    const b = await scanTree(join(directory, 'b'), silentReporter());
    expect(a).toEqual(b);
  });

  it('rejects what ostree cannot store, and says where it is', async () => {
    mkdirSync(join(directory, 'run'));
    execFileSync('mkfifo', [join(directory, 'run/initctl')]);
    await expect(scanTree(directory, silentReporter())).rejects.toThrow(
      expect.objectContaining({
        code: 'TREE_SPECIAL_FILE',
        message: '/run/initctl is a fifo: ostree stores files, links and directories',
      }),
    );
  });

  it('fails with the reason of tar if the directory is not there', async () => {
    await expect(scanTree(join(directory, 'missing'), silentReporter())).rejects.toThrow(
      expect.objectContaining({ code: 'TOOL_FAILED', message: expect.stringContaining('No such file or directory') }),
    );
  });
});
