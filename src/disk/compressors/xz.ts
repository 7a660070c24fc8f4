import { run, start } from '../../exec/run.ts';
import { tools } from '../../exec/tools.ts';
import { turns } from '../../lib/parallel/turns.ts';
import type { ImageSink } from '../formats/format.ts';
import { gatheringSink } from '../image-file/gathering-sink.ts';
import { type CompressingSink, type CompressionRequest, type Compressor, refuseReserve } from './compressor.ts';

/** Two threads even where there is one processor: with one, xz writes other blocks. */
const options = ['--stdout', '--threads=2', '-6'];
const bufferBytes = 1 << 20;
/** One is filled while the others are written to the program. */
const bufferCount = 4;

/**
 * Compressed by the host's program: no package that runs on this version of Node writes the format. Its bytes differ between
 * versions, which are therefore in the key.
 */
export const xz: Compressor = { name: 'xz', extension: 'xz', parameters, tools: [tools.xz], open };

async function parameters(): Promise<string> {
  const { stdout } = await run(tools.xz, ['--version']);
  return [stdout.trim().split('\n').join(', '), ...options].join(' ');
}

function open(output: ImageSink, { signal, hash }: CompressionRequest): CompressingSink {
  let size = 0;
  const started = start(tools.xz, options, { signal });
  const passedOn = started.then(async ({ stdin, stdout, done }) => {
    // What ends the program early is told by its end, and better than by the pipe.
    stdin.on('error', () => undefined);
    for await (const chunk of stdout as AsyncIterable<Uint8Array>) await output.append(chunk);
    await done;
  });
  // Awaited in the end; until then a failure must not count as unhandled.
  passedOn.catch(() => undefined);
  const inTurn = turns();

  /** Settles when the program has taken the bytes. */
  async function give(bytes: Uint8Array): Promise<void> {
    const { stdin } = await started;
    await new Promise<void>((resolve, reject) => {
      stdin.write(bytes, (error) => {
        if (error) passedOn.then(resolve, reject);
        else resolve();
      });
    });
  }

  const gathered = gatheringSink(
    {
      bufferBytes,
      bufferCount,
      minimumZeros: bufferBytes,
      keepsDiskApart: false,
      async pass(bytes) {
        size += bytes.length;
        await Promise.all([inTurn.run(() => give(bytes)), hash?.update(bytes)]);
      },
      async passZeros(count) {
        size += count;
        const zeros = new Uint8Array(bufferBytes);
        const hashed = hash?.updateZeros(count, signal);
        const given = inTurn.run(async () => {
          for (let left = count; left > 0; left -= bufferBytes) await give(zeros.subarray(0, left));
        });
        await Promise.all([given, hashed]);
      },
    },
    signal,
  );

  return {
    ...gathered,
    reserve: refuseReserve,
    async end() {
      await gathered.settle();
      const { stdin } = await started;
      stdin.end();
      await passedOn;
      return size;
    },
    [Symbol.dispose]() {
      started.then(
        (program) => program.kill(),
        () => undefined,
      );
    },
  };
}
