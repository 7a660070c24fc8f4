import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeImageFile } from '../../src/disk/image-file.ts';
import { imageThreads } from '../../src/disk/image-threads.ts';
import type { FileContent, LiveFile, LiveFilesystem } from '../../src/disk/live/filesystems/live-filesystem.ts';
import { sha256Hex } from '../../src/lib/digest.ts';

/** A stretch of a content that is no hole. */
export interface Stretch {
  offset: number;
  bytes: Uint8Array;
}

/**
 * A content in memory, with holes. It refuses to be read where no stretch lies, and to be read twice.
 * @param stretches sorted; none touches another, and none is empty
 */
export function sparseContent(size: number, stretches: readonly Stretch[]): FileContent {
  let done = 0;
  return {
    size,
    extents: stretches.map(({ offset, bytes }) => ({ offset, length: bytes.length })),
    async read(position, buffer) {
      const end = position + buffer.length;
      if (position < done || end > size) throw new Error(`bytes ${position} to ${end} are read after ${done}`);
      const touched = stretches.filter(({ offset, bytes }) => offset < end && offset + bytes.length > position);
      if (touched.length === 0) throw new Error(`bytes ${position} to ${end} are a hole`);
      done = end;
      buffer.fill(0);
      for (const { offset, bytes } of touched) {
        const from = Math.max(position, offset);
        const to = Math.min(end, offset + bytes.length);
        buffer.set(bytes.subarray(from - offset, to - offset), from - position);
      }
    },
  };
}

/** All of a content, with its holes as zeros. */
export function wholeContent(size: number, stretches: readonly Stretch[]): Buffer {
  const whole = Buffer.alloc(size);
  for (const { offset, bytes } of stretches) whole.set(bytes, offset);
  return whole;
}

const timestamp = 1_700_000_000;
export const optionsKey = 'image.json: "live-rootfs-fsoptions"';

interface Making {
  options?: string;
  threads?: number;
  signal?: AbortSignal;
}

/** Writes a filesystem to a file. @returns its sha256, after a look at its size */
export async function makeLiveFilesystem(
  filesystem: LiveFilesystem,
  image: string,
  files: readonly LiveFile[],
  { options = '', threads: size = 2, signal = new AbortController().signal }: Making = {},
): Promise<string> {
  using threads = imageThreads({ size });
  let returned: number | undefined;
  const written = await writeImageFile(image, { threads, signal }, async (sink) => {
    returned = await filesystem.write({ files, timestamp, options, optionsKey, threads, signal }, sink);
  });
  if (returned !== written.size) throw new Error(`${returned} bytes are said to be written, and ${written.size} are`);
  if (written.size % 4096 !== 0) throw new Error(`${written.size} bytes are no multiple of 4096`);
  return written.sha256;
}

/** What is seen of a tree below a directory of this machine: a line for each name, sorted. */
export function seenBelow(directory: string): string[] {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return paths.map((path) => {
    const stats = statSync(join(directory, path));
    const owner = `${stats.uid}:${stats.gid} ${(stats.mode & 0o7777).toString(8)} ${stats.mtimeMs / 1000}`;
    if (stats.isDirectory()) return `${path}/ ${owner}`;
    const content = readFileSync(join(directory, path));
    return `${path} ${owner} ${content.length} ${sha256Hex(content)}`;
  });
}

/** What must be seen of files. */
export function seenOf(files: readonly { path: string; content: Buffer }[]): string[] {
  const directories = new Set(
    files.flatMap(({ path }) => {
      const names = path.split('/').slice(0, -1);
      return names.map((_, index) => names.slice(0, index + 1).join('/'));
    }),
  );
  const lines = new Map<string, string>();
  for (const path of directories) lines.set(path, `${path}/ 0:0 755 ${timestamp}`);
  for (const { path, content } of files) {
    lines.set(path, `${path} 0:0 644 ${timestamp} ${content.length} ${sha256Hex(content)}`);
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}
