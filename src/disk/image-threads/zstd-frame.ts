import { isQuickLevel } from './block-compression.ts';

/** Makes a zstd frame of bytes. */
type FrameMaker = (bytes: Uint8Array, level: number) => Uint8Array;

let quick: Promise<FrameMaker> | undefined;
let thorough: Promise<FrameMaker> | undefined;

async function loadQuick(): Promise<FrameMaker> {
  const { compress, isLoaded } = await import('@foxglove/wasm-zstd');
  await isLoaded;
  return compress;
}

async function loadThorough(): Promise<FrameMaker> {
  const { compress, init } = await import('@bokuweb/zstd-wasm');
  await init();
  return compress;
}

/**
 * What makes frames of a level. Every frame is made by a new context: one that is used again may give other bytes, for its
 * tables are not emptied.
 */
export function zstdFrames(level: number): Promise<FrameMaker> {
  if (isQuickLevel(level)) {
    quick ??= loadQuick();
    return quick;
  }
  thorough ??= loadThorough();
  return thorough;
}
