// A filesystem from a tree of files: ours against `mke2fs -d`, in turns; and our memory with many files and much content.
// Usage: tsx bench/ext4.ts

import { closeSync, lstatSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ext4 } from '../src/disk/filesystems/ext4.ts';
import type { FilesystemRequest, FilesystemWriter } from '../src/disk/filesystems/filesystem.ts';
import { byteString, type DirectoryNode, type TreeNode } from '../src/disk/filesystems/tree.ts';
import { type DiskOutput, fileOutput } from '../src/disk/output.ts';
import { least, type ProgramTime, report, reportBeside, reportPeakMemory, timeAction, timeProgram } from './measure.ts';
import { addSmallFiles, makeSyntheticTree } from './synthetic-tree.ts';

const rounds = 3;
const size = 3 * 2 ** 30;
const work = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const source = join(work, 'tree');
const image = join(work, 'image');

function request(output: DiskOutput): FilesystemRequest {
  return {
    output,
    label: 'root',
    uuid: '6a4c7b0e-1d2f-8a3b-9c4d-5e6f70819203',
    timestamp: 1_700_000_000,
    sectorSize: 512,
    hiddenSectors: 0,
    options: '',
    optionsKey: 'options',
    scratch: work,
    signal: new AbortController().signal,
  };
}

const inode = { uid: 0, gid: 0, mtime: 0, xattrs: [] };

function store(writer: FilesystemWriter, content: Buffer): TreeNode {
  const stored = writer.create(content.length);
  stored.write(content);
  return { ...inode, kind: 'file', mode: 0o644, content: stored.close() };
}

function storeDirectory(writer: FilesystemWriter, host: string): DirectoryNode {
  const node: DirectoryNode = { ...inode, kind: 'directory', mode: 0o755, entries: new Map() };
  for (const name of readdirSync(host)) {
    const path = join(host, name);
    const child = lstatSync(path).isDirectory() ? storeDirectory(writer, path) : store(writer, readFileSync(path));
    node.entries.set(byteString(name), child);
  }
  return node;
}

async function writeOurs(): Promise<void> {
  const descriptor = openSync(image, 'w');
  const output = fileOutput(descriptor);
  await using writer = await ext4.begin(request(output));
  await writer.finish(storeDirectory(writer, source), size);
  output.finish();
  closeSync(descriptor);
}

/** 100,000 files and 5 GB, whose bytes go nowhere. */
async function writeMany(): Promise<void> {
  const content = Buffer.alloc(50_000, 'content');
  await using writer = await ext4.begin(request({ write: () => undefined }));
  const root: DirectoryNode = { ...inode, kind: 'directory', mode: 0o755, entries: new Map() };
  for (let index = 0; index < 200; index++) {
    const directory: DirectoryNode = { ...root, entries: new Map() };
    for (let file = 0; file < 500; file++) {
      directory.entries.set(`${index}-${file}`.padStart(64, '0'), store(writer, content));
    }
    root.entries.set(`${index}`, directory);
  }
  await writer.finish(root);
}

try {
  // First: what comes later takes memory of its own.
  const many = await timeAction(writeMany);
  report('100,000 files and 5 GB, wall', many.wall);
  reportPeakMemory(300);
  makeSyntheticTree(source);
  addSmallFiles(source, 15_000);
  const ours: ProgramTime[] = [];
  const theirs: ProgramTime[] = [];
  const populate = ['-q', '-F', '-t', 'ext4', '-b', '4096', '-d', source, image, `${size / 1024}k`];
  for (let round = 0; round < rounds; round++) {
    rmSync(image, { force: true });
    ours.push(await timeAction(writeOurs));
    rmSync(image, { force: true });
    theirs.push(await timeProgram('mke2fs', populate));
  }
  reportBeside('ext4 of 25,500 files and 520 MB : mke2fs -d', least(ours), least(theirs), { wall: 1, processor: 1 });
} finally {
  rmSync(work, { recursive: true, force: true });
}
