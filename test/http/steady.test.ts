import { expect, test } from 'vitest';
import { steady } from '../../src/http/steady.ts';

/** A source whose chunks take their time, on a clock that nothing else moves. */
function source(chunks: readonly { bytes: number; after: number }[]) {
  let time = 0;
  let closed = false;
  async function* open(): AsyncGenerator<Buffer> {
    try {
      for (const { bytes, after } of chunks) {
        time += after;
        yield Buffer.alloc(bytes);
      }
    } finally {
      closed = true;
    }
  }
  return {
    body: open(),
    now: () => time,
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    closed: () => closed,
  };
}

async function total(body: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  return bytes;
}

const stop = () => undefined;
const times = (count: number, chunk: { bytes: number; after: number }) => Array.from({ length: count }, () => chunk);

test('a body that keeps coming may take for ever', async () => {
  const { body, now } = source(times(1000, { bytes: 2048, after: 1000 }));
  expect(await total(steady(body, 120_000, stop, now))).toBe(2_048_000);
});

test('a server that sends a byte now and then keeps nobody for longer than silence would', async () => {
  const { body, now, closed } = source(times(1000, { bytes: 1, after: 60_000 }));
  const read: number[] = [];
  const slow = (async () => {
    for await (const chunk of steady(body, 120_000, stop, now)) read.push(chunk.length);
  })();
  await expect(slow).rejects.toMatchObject({ code: 'ETIMEDOUT', message: 'next to nothing came' });
  expect(read).toHaveLength(1);
  expect(closed()).toBe(true);
});

test('what a reader takes for itself does not count', async () => {
  const { body, now, pass } = source(times(5, { bytes: 1, after: 1 }));
  let chunks = 0;
  for await (const _chunk of steady(body, 1000, stop, now)) {
    chunks += 1;
    pass(1_000_000);
  }
  expect(chunks).toBe(5);
});

test('silence is ended from outside, by whoever can end the source', async () => {
  let fail: (reason: Error) => void = () => undefined;
  async function* silent(): AsyncGenerator<Buffer> {
    yield await new Promise<Buffer>((_resolve, reject) => {
      fail = reject;
    });
  }
  await expect(total(steady(silent(), 1, (reason) => fail(reason)))).rejects.toMatchObject({ code: 'ETIMEDOUT' });
});

test('who stops reading closes the source', async () => {
  const { body, now, closed } = source(times(5, { bytes: 1, after: 0 }));
  for await (const _chunk of steady(body, 1000, stop, now)) break;
  expect(closed()).toBe(true);
});
