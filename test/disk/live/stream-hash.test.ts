import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { imageThreads } from '../../../src/disk/image-threads.ts';
import { streamHash } from '../../../src/disk/live/stream-hash.ts';

const threads = imageThreads({ size: 2 });
afterAll(() => threads[Symbol.dispose]());
const { signal } = new AbortController();
const chunk = 2 << 20;

function shared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** What coreos-installer's readers expect: each 2 MiB by itself, whatever is in it. */
function expected(bytes: Buffer): string {
  const lines = ['stream-hash sha256 2097152'];
  for (let at = 0; at < bytes.length; at += chunk) {
    lines.push(
      createHash('sha256')
        .update(bytes.subarray(at, at + chunk))
        .digest('hex'),
    );
  }
  return [...lines, ''].join('\n');
}

/** Bytes of which no two parts are alike, or zeros. */
type Part = { zeros: boolean; length: number };

function bytesOf({ zeros, length }: Part, seed: number): Buffer {
  return Buffer.alloc(length, zeros ? 0 : createHash('sha256').update(String(seed)).digest());
}

async function hashed(parts: readonly Part[]): Promise<string> {
  using hash = streamHash(threads);
  // Not one after the other: the sink gives zeros while bytes before them are under way.
  await Promise.all(
    parts.map((part, index) =>
      part.zeros ? hash.updateZeros(part.length, signal) : hash.update(shared(bytesOf(part, index))),
    ),
  );
  return await hash.end();
}

describe('the hashes of a stream', () => {
  it.each([
    ['nothing', 0],
    ['a byte less than a part', chunk - 1],
    ['a part', chunk],
    ['a byte more than a part', chunk + 1],
    ['two parts', 2 * chunk],
  ])('of %s are those of its parts', async (_, length) => {
    const part = { zeros: false, length };
    expect(await hashed([part])).toBe(expected(bytesOf(part, 0)));
  });

  it('do not depend on how the bytes come', async () => {
    const part = fc.record({ zeros: fc.boolean(), length: fc.integer({ min: 0, max: 3 << 20 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        expect(await hashed(parts)).toBe(expected(Buffer.concat(parts.map(bytesOf))));
      }),
      { numRuns: 15 },
    );
  });

  it('fail with the signal', async () => {
    using hash = streamHash(threads);
    await expect(hash.updateZeros(chunk, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });
});
