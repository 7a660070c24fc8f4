import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { CompressionAlgorithm } from '../../lib/compress/algorithms.ts';
import { type FileRange, readRange, withOpenFile } from './read-file.ts';

/** A piece of a layer's tar stream. */
export interface LayerPiece {
  /** How many bytes it has. */
  size: number;
  /** The bytes in it that are no file's content, behind each other. */
  bytes: Uint8Array<ArrayBuffer>;
  /** What it consists of: so many of those bytes, or a range of a file. */
  segments: readonly (number | FileRange)[];
}

/** The next piece of a layer, to be read into a buffer. A layer's pieces go to one thread, in their order. */
export interface ReadRequest {
  kind: 'read';
  /** A name that no other layer has. */
  layer: string;
  compression: CompressionAlgorithm;
  root: string;
  piece: LayerPiece;
  /** Has room for one byte more than the piece. */
  buffer: ArrayBuffer;
}

/** Asks for what a layer's stream was, and forgets it. */
export interface EndRequest {
  kind: 'end';
  layer: string;
}

export interface StreamDigest {
  /** Hex sha256 of all pieces. */
  sha256: string;
  /** Of all pieces, where gzip needs it. */
  crc32: number;
  size: number;
}

interface Stream {
  hash: Hash;
  crc32: number;
  size: number;
}

const streams = new Map<string, Stream>();

/**
 * Lays a piece out in its buffer and counts it in.
 * @throws CosaError `TREE_CHANGED`; system errors, which name the file
 */
export function readPiece({ layer, compression, root, piece, buffer }: ReadRequest): void {
  const target = new Uint8Array(buffer);
  let position = 0;
  let taken = 0;
  for (const segment of piece.segments) {
    if (typeof segment === 'number') {
      target.set(piece.bytes.subarray(taken, taken + segment), position);
      taken += segment;
      position += segment;
    } else {
      const at = position;
      withOpenFile(root, segment.path, (descriptor) => readRange(descriptor, segment, target, at));
      position += segment.count;
    }
  }
  const content = target.subarray(0, position);
  const stream = streamOf(layer);
  stream.hash.update(content);
  stream.size += position;
  if (compression === 'gzip') stream.crc32 = crc32(content, stream.crc32);
}

/** What the stream was. Its name is free again. */
export function endStream({ layer }: EndRequest): StreamDigest {
  const { hash, crc32: checksum, size } = streamOf(layer);
  streams.delete(layer);
  return { sha256: hash.digest('hex'), crc32: checksum, size };
}

function streamOf(layer: string): Stream {
  const stream = streams.get(layer) ?? { hash: createHash('sha256'), crc32: 0, size: 0 };
  streams.set(layer, stream);
  return stream;
}
