import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { isZero, unitBytes } from '../../formats/data-extents.ts';
import type { DiskOutput } from '../../output.ts';

const readBytes = 16 * unitBytes;
/** So often others get their turn, without whom no signal comes. */
const turnBytes = 64 * readBytes;

/**
 * Copies a file to an output that reads as zeros; zeros are left out.
 * @throws the system's error; the signal's reason
 */
export async function copyData(path: string, output: DiskOutput, signal: AbortSignal): Promise<void> {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(readBytes);
    for (let position = 0; ; ) {
      if (position % turnBytes === 0) await setImmediate();
      signal.throwIfAborted();
      const read = readSync(file, buffer, 0, readBytes, position);
      if (read === 0) return;
      for (let at = 0; at < read; at += unitBytes) {
        const unit = buffer.subarray(at, Math.min(at + unitBytes, read));
        if (!isZero(unit)) output.write(position + at, unit);
      }
      position += read;
    }
  } finally {
    closeSync(file);
  }
}
