import { maximumDistance } from '../lib/compress/deflate.ts';
import { type ThreadPool, threadPool } from '../lib/parallel/pool.ts';
import type { ImageAnswer, ImageRequest } from './image-thread.ts';
import type { BlockForm, BlocksAnswer, CompressedBlock } from './image-threads/blocks.ts';
import type { GrainStore } from './image-threads/grain-store.ts';
import { type DeflateAnswer, type DigestAnswer, type Grain, grainBytes } from './image-threads/grains.ts';
import { type HashStream, hashStream } from './image-threads/hash-stream.ts';
import type { HashAnswer, HashRequest } from './image-threads/hashing.ts';
import type { PieceAnswer } from './image-threads/pieces.ts';

/**
 * Threads that hash and compress disk images, for any number of images at once. What they give depends on the input
 * alone, not on how many they are. Bytes that they are given stay as they are until the answer comes.
 */
export interface ImageThreads extends Disposable {
  /** How many threads there are. */
  readonly size: number;
  /** Begins a stream whose sha256 is wanted. */
  hash(): HashStream;
  /**
   * Compresses bytes for gzip and zlib, 64 KiB at a time.
   * @param window how far back a match may lie: 32 KiB unless told
   * @throws CosaError `THREAD_FAILED`; what the store throws
   */
  deflate(bytes: Uint8Array<SharedArrayBuffer>, window?: number): Promise<Grain[]>;
  /** Makes a zstd frame. @throws CosaError `THREAD_FAILED` */
  zstd(bytes: Uint8Array<SharedArrayBuffer>, level: number): Promise<Uint8Array>;
  /**
   * Compresses blocks that lie behind each other, each on its own.
   * @param place as long as the bytes: what the compressed blocks have their bytes in
   * @throws CosaError `THREAD_FAILED`
   */
  blocks(
    bytes: Uint8Array<SharedArrayBuffer>,
    form: BlockForm,
    place: Uint8Array<SharedArrayBuffer>,
  ): Promise<CompressedBlock[]>;
}

interface ImageThreadsOptions {
  /** How many threads; see `threadPool`. */
  size?: number;
  /** Where compressed grains are kept, if several images are made of disks that hold the same. It stays the caller's. */
  grains?: GrainStore;
}

export function imageThreads({ size, grains }: ImageThreadsOptions = {}): ImageThreads {
  const pool = threadPool<ImageRequest, ImageAnswer>(
    new URL('./image-thread.ts', import.meta.url),
    ...(size === undefined ? [] : [size]),
  );

  async function compress(bytes: Uint8Array<SharedArrayBuffer>, wanted: readonly number[], window: number) {
    if (wanted.length === 0) return [];
    return ((await pool.run({ kind: 'deflate', bytes, wanted, window })) as DeflateAnswer).grains;
  }

  async function deflate(bytes: Uint8Array<SharedArrayBuffer>, window = maximumDistance): Promise<Grain[]> {
    const all = Array.from({ length: Math.ceil(bytes.length / grainBytes) }, (_, index) => index);
    // Few images have another window: theirs are not worth keeping.
    if (grains === undefined || window !== maximumDistance) return compress(bytes, all, window);
    const { digests } = (await pool.run({ kind: 'digests', bytes })) as DigestAnswer;
    const found = await Promise.all(digests.map((digest) => grains.get(digest)));
    const missing = all.filter((index) => found[index] === undefined);
    const made = await compress(bytes, missing, window);
    await Promise.all(made.map((grain, index) => grains.put(digests[missing[index] as number] as string, grain)));
    for (const [index, grain] of made.entries()) found[missing[index] as number] = grain;
    return found as Grain[];
  }

  async function blocks(
    bytes: Uint8Array<SharedArrayBuffer>,
    form: BlockForm,
    place: Uint8Array<SharedArrayBuffer>,
  ): Promise<CompressedBlock[]> {
    const answer = (await pool.run({ kind: 'blocks', bytes, place, ...form })) as BlocksAnswer;
    let end = 0;
    return answer.blocks.map(({ kind, length }) => {
      end += length;
      return { kind, bytes: place.subarray(end - length, end) };
    });
  }

  return {
    size: pool.size,
    hash: () => hashStream(pool as ThreadPool<HashRequest, HashAnswer>),
    deflate,
    zstd: async (bytes, level) => ((await pool.run({ kind: 'piece', bytes, level })) as PieceAnswer).compressed,
    blocks,
    [Symbol.dispose]: () => pool[Symbol.dispose](),
  };
}
