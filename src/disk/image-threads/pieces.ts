import { compress, init } from '@bokuweb/zstd-wasm';

/** Asks for a zstd frame of bytes. */
export interface PieceRequest {
  kind: 'piece';
  bytes: Uint8Array<SharedArrayBuffer>;
  level: number;
}

export interface PieceAnswer {
  compressed: Uint8Array<ArrayBuffer>;
}

let ready: Promise<void> | undefined;

export async function compressedPiece({ bytes, level }: PieceRequest): Promise<PieceAnswer> {
  ready ??= init();
  await ready;
  return { compressed: compress(bytes, level) as Uint8Array<ArrayBuffer> };
}
