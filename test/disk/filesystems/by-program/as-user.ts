import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { filesystems } from '../../../../src/disk/filesystems.ts';
import { fileOutput } from '../../../../src/disk/output.ts';
import { manyKinds } from './many-kinds.ts';

// Makes a filesystem of a kind in a directory: what a test runs as an ordinary user.

const [name, directory = ''] = process.argv.slice(2);
const scratch = join(directory, 'scratch');
await mkdir(scratch);
const filesystem = filesystems.find((candidate) => candidate.name === name);
if (filesystem === undefined) throw new Error(`no filesystem ${name}`);
const file = openSync(join(directory, 'image'), 'w');
const output = fileOutput(file);
let size: number;
{
  await using writer = await filesystem.begin({
    output,
    label: 'root',
    uuid: '6a4c7b0e-1d2f-8a3b-9c4d-5e6f70819203',
    timestamp: 1_700_000_000,
    sectorSize: 512,
    hiddenSectors: 0,
    options: '',
    optionsKey: 'options',
    scratch,
    signal: new AbortController().signal,
  });
  size = await writer.finish(manyKinds(writer, false));
}
output.finish();
ftruncateSync(file, size);
closeSync(file);
console.log(`${process.getuid?.()} ${(await readdir(scratch)).length}`);
