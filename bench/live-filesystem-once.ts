// What bench/live-filesystem.ts runs, bundled as the program is: writes a filesystem of live media once, of the files in a
// directory, and what that took.
// Usage: node live-filesystem-once.js DIRECTORY IMAGE FILESYSTEM OPTIONS

import { execFileSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Extent } from '../src/disk/extents.ts';
import { writeImageFile } from '../src/disk/image-file.ts';
import { imageThreads } from '../src/disk/image-threads.ts';
import type { LiveFile } from '../src/disk/live/filesystems/live-filesystem.ts';
import { findLiveFilesystem } from '../src/disk/live/filesystems.ts';
import { fileSource } from '../src/disk/source.ts';
import { peakMemory } from './measure.ts';

const [directory = '', image = '', name = '', options = ''] = process.argv.slice(2);

/** The stretches of the file that are no holes, as the filesystem tells them: by 4 KiB, where its contents are. */
function extentsOf(path: string, size: number): Extent[] {
  const map = execFileSync('qemu-img', ['map', '--output=json', '-f', 'raw', path], { maxBuffer: 1 << 28 });
  const stretches = JSON.parse(map.toString()) as { start: number; length: number; data: boolean }[];
  return stretches
    .filter(({ data, start }) => data && start < size)
    .map(({ start, length }) => ({ offset: start, length: Math.min(length, size - start) }));
}

const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
const files: LiveFile[] = [];
for (const path of paths) {
  const { size } = statSync(path);
  files.push({
    path: relative(directory, path),
    content: fileSource(await open(path, 'r'), size, extentsOf(path, size)),
  });
}
const { signal } = new AbortController();
using threads = imageThreads();
await writeImageFile(image, { threads, signal }, async (sink) => {
  const request = { files, timestamp: 1_700_000_000, options, optionsKey: 'OPTIONS', threads, signal };
  await findLiveFilesystem(name).write(request, sink);
});
writeFileSync(`${image}.peak`, String(peakMemory()));
// The files stay open until here.
process.exit(0);
