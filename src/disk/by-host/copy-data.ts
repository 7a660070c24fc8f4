import { open } from 'node:fs/promises';

const chunkSize = 1 << 20;
const zeros = Buffer.alloc(chunkSize);

/**
 * Copies a file to a place in another that reads as zeros there; zeros are left out, so that holes stay holes.
 * @param position where in `to` the copy begins, in bytes
 */
export async function copyData(from: string, to: string, position: number): Promise<void> {
  await using input = await open(from, 'r');
  await using output = await open(to, 'r+');
  const buffer = Buffer.allocUnsafe(chunkSize);
  for (let at = 0; ; ) {
    const { bytesRead } = await input.read(buffer, 0, chunkSize, at);
    if (bytesRead === 0) return;
    const chunk = buffer.subarray(0, bytesRead);
    if (!chunk.equals(zeros.subarray(0, bytesRead))) await output.write(chunk, 0, bytesRead, position + at);
    at += bytesRead;
  }
}
