import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentRange, resumed, skip } from '../../src/http/resume.ts';
import { createAttempts } from '../../src/http/retry.ts';
import { markTemporary } from '../../src/http/temporary-errors.ts';
import { CosaError } from '../../src/lib/errors.ts';

const content = Buffer.from(Array.from({ length: 400_000 }, (_, index) => index % 251));
const broken = () => markTemporary(new CosaError('REGISTRY_INTERRUPTED', 'the connection broke'));
const attempts = () => createAttempts({ wait: async () => undefined, warn: () => undefined }, 'content', undefined);

/** A server whose connections break after so many bytes each, the last of them not at all. */
function server(breaks: readonly number[]) {
  const offsets: number[] = [];
  const open = async (offset: number) => {
    const limit = breaks[offsets.length];
    offsets.push(offset);
    async function* body(): AsyncGenerator<Buffer> {
      const end = limit === undefined ? content.length : Math.min(content.length, offset + limit);
      for (let at = offset; at < end; at += 10_000) yield content.subarray(at, Math.min(end, at + 10_000));
      if (limit !== undefined) throw broken();
    }
    return { body: body(), end: content.length };
  };
  return { open, offsets };
}

async function collect(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('every byte comes once, wherever connections break', async () => {
  const breaks = fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(breaks, async (list) => {
      const { open } = server(list);
      expect((await collect(resumed(content.length, open, attempts()))).equals(content)).toBe(true);
    }),
  );
});

test('a server that brings a little each time keeps nobody for ever, one that brings much is gone on with', async () => {
  const slow = server(Array.from({ length: 100 }, () => 1000));
  await expect(collect(resumed(content.length, slow.open, attempts()))).rejects.toThrow('the connection broke');
  expect(slow.offsets).toHaveLength(5);
  const steady = server([70_000, 70_000, 70_000, 70_000, 70_000]);
  expect(await collect(resumed(content.length, steady.open, attempts()))).toHaveLength(content.length);
  expect(steady.offsets).toEqual([0, 70_000, 140_000, 210_000, 280_000, 350_000]);
});

test('what is not temporary is not tried again', async () => {
  const failure = new CosaError('BLOB_MISSING', 'it is gone');
  let opened = 0;
  const open = () => {
    opened += 1;
    return Promise.reject(failure);
  };
  await expect(collect(resumed(10, open, attempts()))).rejects.toBe(failure);
  expect(opened).toBe(1);
});

test.each([
  ['bytes 5-9/10', { start: 5, end: 10, total: 10 }],
  ['bytes 5-9/*', { start: 5, end: 10 }],
  ['bytes */10', { total: 10 }],
  ['bytes 5-/10', {}],
  ['items 5-9/10', {}],
  ['bytes -5-9/10', {}],
  [undefined, {}],
])('reads the range %j', (header, expected) => {
  expect(contentRange(header)).toEqual(expected);
});

test('leaves out what was read before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5 })), fc.nat(20), async (chunks, count) => {
      async function* source(): AsyncGenerator<Buffer> {
        for (const chunk of chunks) yield Buffer.from(chunk);
      }
      const whole = Buffer.concat(chunks);
      expect((await collect(skip(source(), count))).equals(whole.subarray(count))).toBe(true);
    }),
  );
});
