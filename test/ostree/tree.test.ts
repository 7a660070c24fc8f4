import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
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

const latin1 = (path: string) => Buffer.from(path, 'latin1');

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

  it('lists names in the order of their bytes, a directory before what is in it and before names that go on', async () => {
    for (const name of ['a', 'a-b', 'é']) mkdirSync(join(directory, name));
    for (const name of ['a/file', 'a-b/file', 'a.txt', 'B', '\u{1f4a9}', '\uff5e', 'é/z'])
      writeFileSync(join(directory, name), name);
    const tree = await scanTree(directory, silentReporter());
    expect([...tree.directories.keys()]).toEqual(['/', '/a', '/a-b', '/é']);
    expect([...tree.files.keys()]).toEqual(['/B', '/a/file', '/a-b/file', '/a.txt', '/é/z', '/\uff5e', '/\u{1f4a9}']);
  });

  it('takes names as they are, whatever is in them', async () => {
    const names = ['a\nb', 'back\\slash', ' =\t"', '# file: x', '\ufffd'];
    for (const name of names) {
      writeFileSync(join(directory, name), name);
      execFileSync('setfattr', ['--name=user.x=y', `--value=${name.length}`, '--', join(directory, name)]);
    }
    const { files } = await scanTree(directory, silentReporter());
    expect([...files].map(([path, { xattrs }]) => [path, xattrs])).toEqual(
      names
        .map((name) => [`/${name}`, [{ name: 'user.x=y', value: Buffer.from(String(name.length)) }]])
        .sort(([a], [b]) => Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))),
    );
  });

  it('refuses a name that is not UTF-8', async () => {
    mkdirSync(join(directory, 'd'));
    writeFileSync(latin1(join(directory, 'd/caf\xe9')), '');
    await expect(scanTree(directory, silentReporter())).rejects.toMatchObject({
      code: 'NAME_NOT_UTF8',
      message: 'the name of /d/caf\\xe9 is not UTF-8',
    });
  });

  it("refuses a link's target that is not UTF-8", async () => {
    symlinkSync(latin1('caf\xe9'), join(directory, 'link'));
    await expect(scanTree(directory, silentReporter())).rejects.toMatchObject({
      code: 'NAME_NOT_UTF8',
      message: 'the name of caf\\xe9, which /link links to, is not UTF-8',
    });
  });

  it('leaves sockets out', async () => {
    const server = createServer().listen(join(directory, 'socket'));
    await once(server, 'listening');
    try {
      expect((await scanTree(directory, silentReporter())).files.size).toBe(0);
    } finally {
      server.close();
    }
  });

  it('reports bytes up to the last', async () => {
    for (const [name, size] of [
      ['a', 3_000_000],
      ['b', 0],
      ['c', 5],
    ] as const)
      writeFileSync(join(directory, name), Buffer.alloc(size));
    let last = 0;
    const progress = (done: number) => {
      last = done;
    };
    await scanTree(directory, { ...silentReporter(), progress });
    expect(last).toBe(3_000_005);
  });

  it('stops when it is told to', async () => {
    writeFileSync(join(directory, 'a'), 'a');
    const stop = new AbortController();
    const reporter = silentReporter(stop.signal);
    const scan = scanTree(directory, reporter);
    stop.abort(new Error('interrupted'));
    await expect(scan).rejects.toThrow();
  });

  it('fails with the reason of find or getfattr if the directory is not there', async () => {
    await expect(scanTree(join(directory, 'missing'), silentReporter())).rejects.toThrow(
      expect.objectContaining({ code: 'TOOL_FAILED', message: expect.stringContaining('No such file or directory') }),
    );
  });
});
