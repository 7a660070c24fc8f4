import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Bytes of a stretch that is hashed by itself. */
const chunkBytes = 2 * 1024 * 1024;

/**
 * The hashes of a file by which whoever downloads it can check each part before it is used, as text: a first line that says
 * what they are, and a hex sha256 for each 2 MiB.
 * @throws the system's errors; the signal's reason
 */
export async function streamHashOf(path: string, signal: AbortSignal): Promise<string> {
  const lines = [`stream-hash sha256 ${chunkBytes}`];
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafeSlow(chunkBytes);
    for (let position = 0; ; position += chunkBytes) {
      signal.throwIfAborted();
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, length, chunkBytes - length, position + length);
        length += bytesRead;
        if (bytesRead === 0 || length === chunkBytes) break;
      }
      if (length === 0) break;
      lines.push(createHash('sha256').update(buffer.subarray(0, length)).digest('hex'));
    }
  } finally {
    await file.close();
  }
  return `${lines.join('\n')}\n`;
}
