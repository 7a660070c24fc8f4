import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTar } from '../../../src/lib/tar/reader.ts';
import type { TarHeader } from '../../../src/lib/tar/types.ts';
import { encodeEntry, endOfArchive, padding } from '../../../src/lib/tar/writer.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cosa-tar-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const tar = (args: string[], input?: Buffer) =>
  execFileSync('tar', args, { cwd: directory, input, maxBuffer: 1 << 26 });
const longName = `${'directory-with-a-name/'.repeat(6)}file-at-the-end`;

function makeTree(): void {
  mkdirSync(join(directory, 'tree', longName, '..'), { recursive: true });
  writeFileSync(join(directory, 'tree', longName), 'deep');
  writeFileSync(join(directory, 'tree/größe'), Buffer.alloc(70000, 'x'));
  chmodSync(join(directory, 'tree/größe'), 0o4755);
  linkSync(join(directory, 'tree/größe'), join(directory, 'tree/second'));
  symlinkSync(`../${longName}`, join(directory, 'tree/link'));
}

describe('GNU tar as the oracle', () => {
  it.each(['gnu', 'ustar', 'posix', 'v7'])('reads what GNU tar writes in format %s', async (format) => {
    makeTree();
    // The two old formats have no room for the deep file and the long link.
    const old = format === 'ustar' || format === 'v7' ? ['--exclude=directory-with*', '--exclude=link'] : [];
    const archive = tar(['-c', '--sort=name', `--format=${format}`, '--numeric-owner', ...old, '-C', 'tree', '.']);
    const listed: Record<string, unknown> = {};
    for await (const entry of readTar(oneChunk(archive))) {
      const content = await entry.bytes(1 << 20);
      listed[entry.path] = [entry.type, entry.linkTarget, entry.mode, content.length];
    }
    const mode = 0o4755;
    const expected: Record<string, unknown> = {
      './': ['directory', '', 0o755, 0],
      './größe': ['file', '', mode, 70000],
      './second': ['hardlink', './größe', mode, 0],
    };
    if (old.length === 0) {
      expected['./link'] = ['symlink', `../${longName}`, 0o777, 0];
      expected[`./${longName}`] = ['file', '', 0o644, 4];
    }
    expect(listed).toMatchObject(expected);
  });

  it('writes what GNU tar extracts', () => {
    const plain = { linkTarget: '', mode: 0o640, uid: 0, gid: 0, size: 0, mtime: 1_000_000_000, xattrs: [] };
    const content = Buffer.from('content of a file\n');
    const headers: TarHeader[] = [
      { ...plain, type: 'directory', path: 'out/', mode: 0o755 },
      { ...plain, type: 'file', path: `out/${'n'.repeat(200)}`, size: content.length },
      { ...plain, type: 'hardlink', path: 'out/hard', linkTarget: `out/${'n'.repeat(200)}` },
      { ...plain, type: 'symlink', path: 'out/soft', linkTarget: `./${'n'.repeat(200)}`, mode: 0o777 },
    ];
    const parts = headers.flatMap((header) =>
      header.size === 0 ? [encodeEntry(header)] : [encodeEntry(header), content, padding(content.length)],
    );
    tar(['-x', '--no-same-owner'], Buffer.concat([...parts, endOfArchive]));
    expect(readFileSync(join(directory, 'out/hard'))).toEqual(content);
    expect(readFileSync(join(directory, 'out/soft'))).toEqual(content);
  });

  it('shows GNU tar the same xattrs and large ids that were written', () => {
    const header: TarHeader = {
      type: 'file',
      path: 'a',
      linkTarget: '',
      mode: 0o755,
      uid: 3_000_000,
      gid: 4_000_000_000,
      size: 0,
      mtime: 0,
      xattrs: [{ name: 'security.capability', value: Buffer.from('0000000200200000000000000000000000000000', 'hex') }],
    };
    const archive = Buffer.concat([encodeEntry(header), endOfArchive]);
    const listing = tar(['-tvv', '--numeric-owner', '--xattrs', '--xattrs-include=*'], archive).toString();
    expect(listing).toContain('-rwxr-xr-x* 3000000/4000000000');
    expect(listing).toContain('x: 20 security.capability');
  });
});

async function* oneChunk(data: Buffer): AsyncGenerator<Buffer> {
  yield data;
}
