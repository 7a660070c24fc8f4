import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const files = 10_500;
const totalBytes = 520_000_000;

/**
 * Makes a tree like a small operating system's root: 520 MB in 10,500 files of very different sizes, which
 * compress by about half. The same at every call.
 */
export function makeSyntheticTree(root: string): void {
  const pool = compressiblePool();
  const weights = Array.from({ length: files }, (_, index) => 1 / (((index * 7919) % files) + 20));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  weights.forEach((weight, index) => {
    const path = join(root, `usr/lib/part-${index % 200}/file-${index}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, slice(pool, index, Math.round((weight / sum) * totalBytes)));
  });
  for (const name of ['usr/etc', 'var', 'sysroot']) mkdirSync(join(root, name), { recursive: true });
}

/** Adds files of some bytes each, no two alike, a thousand in a directory. */
export function addSmallFiles(root: string, count: number): void {
  for (let index = 0; index < count; index++) {
    const directory = join(root, `usr/share/small/${Math.floor(index / 1000)}`);
    if (index % 1000 === 0) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `file-${index}`), `content of file ${index}\n`);
  }
}

/** 8 MiB of hexadecimal digits of a hash: halved by a compressor, and too long for it to see that they come again. */
function compressiblePool(): Buffer {
  const parts: string[] = [];
  for (let counter = 0; counter < (8 << 20) / 128; counter++) {
    parts.push(createHash('sha512').update(String(counter)).digest('hex'));
  }
  return Buffer.from(parts.join(''));
}

function slice(pool: Buffer, index: number, length: number): Buffer {
  const content = Buffer.alloc(length);
  let position = 0;
  let begin = (index * 104_729 * 16) % pool.length;
  while (position < length) {
    position += pool.copy(content, position, begin);
    begin = 0;
  }
  // No two files are alike, whatever their sizes.
  if (length >= 8) content.writeUInt32LE(index);
  return content;
}
