import { writevSync } from 'node:fs';

/** Bytes that are written to a file that another thread has open. */
export interface SparseWriteRequest {
  /** The file's descriptor: all threads of a process have the same. */
  file: number;
  /** Where the first piece goes. */
  position: number;
  pieces: readonly Uint8Array<ArrayBuffer>[];
}

/** A stretch of the file of which it is seen whether it is a hole. */
const unit = 65536;
/** Fewer zeros than this are written: a hole is not worth a call to the system. */
const minimumHole = 4096;
const zeros = Buffer.alloc(unit);

/**
 * Writes pieces behind each other, except for long stretches of zeros, which nothing may have been written to.
 * @throws the system's error, such as `ENOSPC`
 */
export function writeSparsely({ file, position, pieces }: SparseWriteRequest): void {
  let reached = position;
  let waiting: Uint8Array[] = [];
  let begin = position;

  function write(): void {
    writeFully(file, waiting, begin);
    waiting = [];
  }

  for (const piece of pieces) {
    for (let done = 0; done < piece.length; ) {
      const part = piece.subarray(done, done + unit - (reached % unit));
      if (isHole(part)) write();
      else {
        if (waiting.length === 0) begin = reached;
        waiting.push(part);
      }
      done += part.length;
      reached += part.length;
    }
  }
  write();
}

function writeFully(file: number, pieces: readonly Uint8Array[], position: number): void {
  let left = pieces;
  for (let at = position; left.length > 0; ) {
    // A full disk, for one, ends a write early; the next call then says what is wrong.
    let written = writevSync(file, left, at);
    at += written;
    const rest: Uint8Array[] = [];
    for (const piece of left) {
      if (written < piece.length) rest.push(piece.subarray(written));
      written = Math.max(0, written - piece.length);
    }
    left = rest;
  }
}

function isHole(piece: Uint8Array): boolean {
  if (piece.length < minimumHole || piece[0] !== 0 || piece[piece.length - 1] !== 0) return false;
  return zeros.compare(piece, 0, piece.length, 0, piece.length) === 0;
}
