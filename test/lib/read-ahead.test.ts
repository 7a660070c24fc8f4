import { describe, expect, it } from 'vitest';
import { readAhead } from '../../src/lib/read-ahead.ts';

function source(count: number, failure?: Error) {
  const log = { given: 0, isEnded: false };
  async function* chunks() {
    try {
      for (; log.given < count; log.given++) yield Buffer.alloc(10, log.given);
      if (failure !== undefined) throw failure;
    } finally {
      log.isEnded = true;
    }
  }
  return { log, chunks: chunks() };
}

/** Everything that can happen without the consumer has happened. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

describe('readAhead', () => {
  it('reads before it is asked, up to the limit', async () => {
    const { log, chunks } = source(10);
    const ahead = readAhead(chunks, 30);
    await settle();
    expect(log.given).toBe(2);
    expect((await ahead.next()).value).toEqual(Buffer.alloc(10, 0));
    await settle();
    expect(log.given).toBe(3);
    const rest: number[] = [];
    for await (const chunk of ahead) rest.push(chunk[0] ?? -1);
    expect(rest).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('throws what the source throws, when the consumer gets there', async () => {
    const { log, chunks } = source(2, new Error('cut off'));
    const ahead = readAhead(chunks, 1000);
    await settle();
    expect(log.isEnded).toBe(true);
    expect((await ahead.next()).done).toBe(false);
    expect((await ahead.next()).done).toBe(false);
    await expect(ahead.next()).rejects.toThrow('cut off');
  });

  it('ends the source when the consumer gives up, at once or later', async () => {
    const { log, chunks } = source(10);
    for await (const _chunk of readAhead(chunks, 20)) break;
    expect(log).toEqual({ given: expect.any(Number), isEnded: true });
    expect(log.given).toBeLessThan(10);
    const other = source(10);
    await readAhead(other.chunks, 20).return(undefined);
    expect(other.log.isEnded).toBe(true);
  });
});
