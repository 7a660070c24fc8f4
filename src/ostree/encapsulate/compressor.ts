import type { Readable, Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { start } from '../../exec/run.ts';
import { zstd } from '../../exec/tools/zstd.ts';
import { mediaTypes } from '../../oci/types.ts';
import type { LayerCompression } from './types.ts';

/** A compression that runs: bytes go in and come out. */
export interface Compressor {
  readonly input: Writable;
  readonly output: Readable;
  /** Settles when the compressor has ended; rejects if it failed. */
  readonly done: Promise<void>;
  /** Ends it at once. Does nothing once it has ended. */
  kill(): void;
}

const gzipLevel = 6;
/** One thread each: layers are compressed side by side, which keeps the cores busier than threads within one. */
const zstdArguments = ['-3', '-T1', '--stdout', '--quiet', '--no-progress'];

export const layerMediaTypes = { zstd: mediaTypes.layerZstd, gzip: mediaTypes.layerGzip } as const;

/** Everything that the compressed bytes depend on besides the input. */
export function compressionParameters(compression: LayerCompression): string {
  return compression === 'zstd' ? `zstd ${zstdArguments[0]}` : `gzip -${gzipLevel}`;
}

/** Starts a compressor. Node 20 has gzip built in; zstd is the host's program. */
export function startCompressor(compression: LayerCompression): Compressor {
  return compression === 'zstd' ? startZstd() : startGzip();
}

function startZstd(): Compressor {
  const program = start(zstd, zstdArguments);
  // A write that fails rejects at its caller; the program's own ending says more.
  program.stdin.on('error', () => undefined);
  return { input: program.stdin, output: program.stdout, done: program.done, kill: () => program.kill('SIGKILL') };
}

function startGzip(): Compressor {
  const gzip = createGzip({ level: gzipLevel, chunkSize: 256 * 1024 });
  gzip.on('error', () => undefined);
  return { input: gzip, output: gzip, done: Promise.resolve(), kill: () => void gzip.destroy() };
}
