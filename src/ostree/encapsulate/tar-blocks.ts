import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { CosaError } from '../../lib/errors.ts';
import type { FilePart, LayerParts } from './layer-parts.ts';

/** Two buffers that take turns, for one stream after another: allocating them anew for each keeps the garbage collector busy. */
export type BlockBuffers = readonly [Buffer, Buffer];

const blockBytes = 256 * 1024;

/** Makes buffers for {@link tarBlocks}. */
export function blockBuffers(): BlockBuffers {
  return [Buffer.allocUnsafe(blockBytes), Buffer.allocUnsafe(blockBytes)];
}

/**
 * A layer's tar stream in blocks of one size, but for the last. A block may be used until the next but one is
 * asked for.
 *
 * Reading is synchronous on purpose: most files are smaller than what a round through the thread pool costs, and
 * no read is larger than a block.
 * @param root the directory that the parts' paths lie in
 * @throws CosaError `TREE_CHANGED` if a file is not as long as when it was scanned; system errors
 */
export function* tarBlocks(parts: LayerParts, root: string, buffers: BlockBuffers): Generator<Buffer, void, void> {
  let turn: 0 | 1 = 0;
  let used = 0;

  function* flushIfFull(): Generator<Buffer, void, void> {
    if (used < blockBytes) return;
    yield buffers[turn];
    turn = turn === 0 ? 1 : 0;
    used = 0;
  }

  function* copy(bytes: Buffer): Generator<Buffer, void, void> {
    let position = 0;
    while (position < bytes.length) {
      const count = bytes.copy(buffers[turn], used, position);
      position += count;
      used += count;
      yield* flushIfFull();
    }
  }

  function* read(file: FilePart): Generator<Buffer, void, void> {
    const descriptor = openSync(join(root, file.path), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      let left = file.size;
      if (fstatSync(descriptor).size !== left) throw changed(file);
      while (left > 0) {
        const count = readSync(descriptor, buffers[turn], used, Math.min(left, blockBytes - used), null);
        if (count === 0) throw changed(file);
        left -= count;
        used += count;
        yield* flushIfFull();
      }
    } finally {
      closeSync(descriptor);
    }
  }

  for (const part of parts) yield* Buffer.isBuffer(part) ? copy(part) : read(part);
  if (used > 0) yield buffers[turn].subarray(0, used);
}

function changed(file: FilePart): CosaError {
  return new CosaError('TREE_CHANGED', `${file.path} has changed since the tree was scanned`, {
    hint: 'something else writes to the work directory: stop it and run the build again',
  });
}
