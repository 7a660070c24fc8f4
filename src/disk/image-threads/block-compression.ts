import { deflateParameters } from '../formats/deflate-parameters.ts';

/** How each block is compressed, on its own: into a frame of zstd, or into a stream of zlib. */
export type BlockCompression = { kind: 'zstd'; level: number } | { kind: 'zlib' };

/**
 * The highest level that a build of zstd for speed is used for: at level 6 it takes two thirds of the time that the other one
 * takes, at 12 three quarters, and no less at 15. It has zstd 1.5.4, and what was corrected later concerns levels above 15.
 */
const lastQuickLevel = 12;

/** True for the levels that `@foxglove/wasm-zstd` compresses with; `@bokuweb/zstd-wasm` has the others. */
export function isQuickLevel(level: number): boolean {
  return level <= lastQuickLevel;
}

/** What compressed blocks depend on besides their bytes; it goes into a cache's keys. A test compares versions with package.json. */
export function blockParameters(compression: BlockCompression): string {
  if (compression.kind === 'zlib') return deflateParameters;
  const { level } = compression;
  return `${isQuickLevel(level) ? '@foxglove/wasm-zstd 1.0.1' : '@bokuweb/zstd-wasm 0.0.27'} -${level}`;
}
