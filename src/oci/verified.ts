import { createHash } from 'node:crypto';
import { verificationError } from '../lib/errors.ts';
import type { Descriptor } from './types.ts';

/** What is damaged in a layout is replaced once it is out of the way, and "cosa fsck --repair" puts it there. */
const damagedHint = 'in a layout, run "cosa fsck --repair", then copy or build the image again';

/**
 * Passes a blob's bytes through and checks them on the way: ends only if size and digest are the descriptor's.
 * Never yields more bytes than the descriptor says.
 * @param source the raw bytes, from wherever
 * @param where names the place in errors: a path, a registry
 * @throws CosaError `BLOB_SIZE_MISMATCH`, `BLOB_DIGEST_MISMATCH` (exit 4)
 */
export async function* verified(
  source: AsyncIterable<Buffer>,
  descriptor: Descriptor,
  where: string,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > descriptor.size) throw sizeMismatch(descriptor, `more than ${descriptor.size}`, where);
    hash.update(chunk);
    yield chunk;
  }
  if (size !== descriptor.size) throw sizeMismatch(descriptor, String(size), where);
  const found = hash.digest('hex');
  if (`sha256:${found}` !== descriptor.digest) {
    throw verificationError(
      'BLOB_DIGEST_MISMATCH',
      `blob ${descriptor.digest} in ${where} is damaged: its content has the digest sha256:${found}`,
      { hint: damagedHint },
    );
  }
}

/** The error for a blob whose length is not the descriptor's. */
export function sizeMismatch(descriptor: Descriptor, found: string, where: string) {
  return verificationError(
    'BLOB_SIZE_MISMATCH',
    `blob ${descriptor.digest} in ${where} has ${found} bytes, its descriptor says ${descriptor.size}`,
    { hint: damagedHint },
  );
}

/**
 * Reads a whole blob that must be small, such as a manifest.
 * @throws CosaError `BLOB_TOO_LARGE` (exit 4) before anything is read, and what the source throws
 */
export async function readSmallBlob(
  reader: { readBlob(descriptor: Descriptor): AsyncIterable<Buffer> },
  descriptor: Descriptor,
  maximumBytes: number,
): Promise<Buffer> {
  if (descriptor.size > maximumBytes) {
    throw verificationError(
      'BLOB_TOO_LARGE',
      `blob ${descriptor.digest} (${descriptor.mediaType}) has ${descriptor.size} bytes; at most ${maximumBytes} are accepted`,
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of reader.readBlob(descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
