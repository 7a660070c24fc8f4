// Compressing a layer: our pinned compressors against the programs whose place they take, on the same bytes.
// Usage: tsx bench/compress.ts [FILE]; without FILE, of part of /usr as a tar stream.

import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { CompressionAlgorithm } from '../src/lib/compress/algorithms.ts';
import { decompressZstd } from '../src/lib/compress/decompress-zstd.ts';
import { streamTrailer } from '../src/lib/compress/stream-format.ts';
import { contentThreads } from '../src/ostree/content-threads.ts';
import { layerPieces } from '../src/ostree/encapsulate/layer-pieces.ts';
import { report, timeAction } from './measure.ts';

const rounds = 3;
const maximumBytes = 256 * 1024 * 1024;
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const sample = join(directory, 'sample.tar');
const output = join(directory, 'output');

interface Measured {
  name: string;
  action: () => Promise<void> | void;
  /** Shortest time, and the processor time that all threads and programs took in it, in seconds. */
  wall: number;
  processor: number;
  /** Of the compressed form; none for what reads. */
  bytes?: number;
}

function program(name: string, command: string): Measured {
  const action = () => void execFileSync('sh', ['-c', `${command} < "$1" > "$2"`, 'sh', sample, output]);
  return { name, action, wall: Number.POSITIVE_INFINITY, processor: 0 };
}

function own(algorithm: CompressionAlgorithm, size?: number): Measured {
  async function action(): Promise<void> {
    using threads = contentThreads(size);
    using layer = threads.layer({ root: directory, compression: algorithm });
    const parts = [{ path: basename(sample), size: statSync(sample).size }];
    const begun: Promise<Uint8Array>[] = [];
    for (const piece of layerPieces(parts)) {
      const one = await layer.compress(piece, true);
      if (one !== undefined) begun.push(one.compressed);
    }
    const pieces = await Promise.all(begun);
    writeFileSync(output, Buffer.concat([...pieces, streamTrailer(algorithm, await layer.end())]));
  }
  const name = `cosa: ${algorithm}${size === undefined ? '' : `, ${size} thread`}`;
  return { name, action, wall: Number.POSITIVE_INFINITY, processor: 0 };
}

/** In turns, so that whatever else the machine does falls on all of them. */
async function measure(all: readonly Measured[]): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const one of all) {
      const time = await timeAction(one.action);
      if (existsSync(output)) one.bytes = statSync(output).size;
      rmSync(output, { force: true });
      if (time.wall < one.wall) Object.assign(one, time);
    }
  }
}

function show(all: readonly Measured[], peer: Measured, goal: number): void {
  const size = statSync(sample).size;
  for (const one of all) {
    const ratio = one.bytes === undefined ? '' : `, ${((100 * one.bytes) / size).toFixed(1)} %`;
    const name = `${one.name} (processor ${one.processor.toFixed(2)} s${ratio})`;
    report(name, one.wall, one.name.startsWith('cosa') ? { seconds: peer.wall, goal } : undefined);
  }
}

/** Reads a compressed file to its end. */
function reading(name: string, file: string, decompressed: (source: Readable) => AsyncIterable<Uint8Array>): Measured {
  async function action(): Promise<void> {
    let size = 0;
    for await (const chunk of decompressed(createReadStream(file, { highWaterMark: 1 << 20 }))) size += chunk.length;
    if (size !== statSync(sample).size) throw new Error(`${name}: ${size} bytes`);
  }
  return { name, action, wall: Number.POSITIVE_INFINITY, processor: 0 };
}

try {
  const given = process.argv[2];
  const command = `tar -c -C /usr lib bin share | head -c ${maximumBytes} > "$1"`;
  if (given === undefined)
    execFileSync('sh', ['-c', command, 'sh', sample], { stdio: ['ignore', 'inherit', 'ignore'] });
  else writeFileSync(sample, readFileSync(given));

  const zstd = program('zstd -3 -T2', 'zstd -3 -T2 --stdout --quiet');
  const zstds = [program('zstd -3 -T1', 'zstd -3 -T1 --stdout --quiet'), zstd, own('zstd', 1), own('zstd')];
  await measure(zstds);
  show(zstds, zstd, 2);

  const gzip = program('gzip -6', 'gzip -6 --no-name --stdout');
  const gzips = [gzip, own('gzip')];
  await measure(gzips);
  show(gzips, gzip, 1.5);

  const compressedFile = join(directory, 'sample.tar.zst');
  execFileSync('zstd', ['-3', '--quiet', sample, '-o', compressedFile]);
  const unzstd: Measured = {
    name: 'zstd -d, into a pipe',
    action: () => void execFileSync('sh', ['-c', 'zstd -d -c -q "$1" | cat >/dev/null', 'sh', compressedFile]),
    wall: Number.POSITIVE_INFINITY,
    processor: 0,
  };
  const readers = [unzstd, reading('cosa: reading zstd', compressedFile, decompressZstd)];
  await measure(readers);
  show(readers, unzstd, 2);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
