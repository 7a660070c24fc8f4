import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { start } from '../../exec/run.ts';
import { type Tool, tools } from '../../exec/tools.ts';

/** A way to compress finished disk images. The same input gives the same bytes, on any number of processors. */
export interface Compressor {
  readonly name: string;
  /** What is added to the file name, without the dot. */
  readonly extension: string;
  /** Writes `output`, which does not exist yet. */
  compress(input: string, output: string, signal: AbortSignal): Promise<void>;
}

/** Every compressor, in the order in which help names them. */
export const compressors: readonly Compressor[] = [
  // Two threads even where there is one processor: with one, xz writes other blocks.
  { name: 'xz', extension: 'xz', compress: by(tools.xz, ['--stdout', '--threads=2', '-6']) },
  { name: 'zstd', extension: 'zst', compress: by(tools.zstd, ['--stdout', '--quiet', '-T2', '-12']) },
  { name: 'gzip', extension: 'gz', compress: gzip },
];

function by(tool: Tool, args: readonly string[]): Compressor['compress'] {
  return async (input, output, signal) => {
    const program = await start(tool, args, { signal });
    await Promise.all([
      pipeline(createReadStream(input, { highWaterMark: 1 << 20 }), program.stdin, { signal }),
      pipeline(program.stdout, createWriteStream(output, { flags: 'wx' }), { signal }),
    ]);
    await program.done;
  };
}

async function gzip(input: string, output: string, signal: AbortSignal): Promise<void> {
  const source = createReadStream(input, { highWaterMark: 1 << 20 });
  await pipeline(source, createGzip({ level: 6 }), createWriteStream(output, { flags: 'wx' }), { signal });
}
