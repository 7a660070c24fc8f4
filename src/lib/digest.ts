import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { usageError } from './errors.ts';

/** An OCI digest. Only sha256 is in use: every registry and tool knows it. */
export type Digest = `sha256:${string}`;

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** True if the text is a well-formed sha256 digest. */
export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

/**
 * Checks a digest that came from outside.
 * @throws CosaError `DIGEST_INVALID` (exit 2)
 */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw usageError('DIGEST_INVALID', `"${text}" is not a digest: expected sha256: and 64 hexadecimal digits`);
  }
  return text;
}

/** The digest's hexadecimal part. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** Lower-case hexadecimal sha256 of bytes held in memory. */
export function sha256Hex(data: string | NodeJS.ArrayBufferView): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Digest of bytes held in memory. */
export function digestOf(data: string | NodeJS.ArrayBufferView): Digest {
  return `sha256:${sha256Hex(data)}`;
}

const largestPiece = 1 << 20;

/** Digest and size in bytes of a file, read piece by piece. */
export async function digestFile(path: string): Promise<{ digest: Digest; size: number }> {
  await using handle = await open(path);
  const hash = createHash('sha256');
  // Of many small files, a large buffer each is most of the work. One byte more tells the end of a file at once.
  const buffer = Buffer.allocUnsafe(Math.min((await handle.stat()).size + 1, largestPiece));
  let size = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length);
    hash.update(buffer.subarray(0, bytesRead));
    size += bytesRead;
    if (bytesRead === 0) return { digest: `sha256:${hash.digest('hex')}`, size };
  }
}
