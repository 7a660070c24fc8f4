import type { Extent } from '../extents.ts';
import type { ImageSink } from '../formats/format.ts';
import type { DiskSource } from '../source.ts';

/** What a file of a live medium holds. */
export interface MediaContent {
  /** Bytes. */
  readonly size: number;
  /** Appends all of it. @throws what the sink and what is read throw */
  appendTo(sink: ImageSink): Promise<void>;
}

/** Bytes that are in memory. */
export function heldContent(bytes: Buffer): MediaContent {
  return { size: bytes.length, appendTo: (sink) => sink.append(bytes) };
}

/** So many zeros. */
export function zeroContent(size: number): MediaContent {
  return { size, appendTo: (sink) => sink.append(Buffer.alloc(size)) };
}

/** Stretches of a disk, one after the other. */
export function diskContent(disk: DiskSource, extents: readonly Extent[]): MediaContent {
  return {
    size: extents.reduce((sum, { length }) => sum + length, 0),
    async appendTo(sink) {
      for (const { offset, length } of extents) await sink.appendDisk(disk, offset, length);
    },
  };
}

/** Several contents, one after the other. */
export function joinedContent(parts: readonly MediaContent[]): MediaContent {
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0),
    async appendTo(sink) {
      for (const part of parts) await part.appendTo(sink);
    },
  };
}
