import { describe, expect, it } from 'vitest';
import { createBufferPool } from '../../src/lib/buffer-pool.ts';

describe('createBufferPool', () => {
  it('lends a buffer again once it is back, whole, by whichever part it is given back', () => {
    const pool = createBufferPool(1000);
    const first = pool.take();
    expect(first).toHaveLength(1000);
    pool.giveBack(first.subarray(10, 20));
    const second = pool.take();
    expect(second).toHaveLength(1000);
    expect(second.buffer).toBe(first.buffer);
  });

  it('never lends to two at once', () => {
    const pool = createBufferPool(1000);
    const [first, second] = [pool.take(), pool.take()];
    expect(second.buffer).not.toBe(first.buffer);
    pool.giveBack(first);
    pool.giveBack(first);
    expect(pool.take().buffer).not.toBe(pool.take().buffer);
  });

  it('keeps nothing that came from elsewhere', () => {
    const pool = createBufferPool(1000);
    const stranger = Buffer.alloc(1000);
    pool.giveBack(stranger);
    expect(pool.take().buffer).not.toBe(stranger.buffer);
  });
});

it('takes back a buffer that was moved to a thread, and has come back as another object', () => {
  const buffers = createBufferPool(16);
  const taken = buffers.take();
  const moved = structuredClone(taken.buffer, { transfer: [taken.buffer as ArrayBuffer] });
  const restored = buffers.restored(moved as ArrayBuffer);
  restored.fill(7);
  buffers.giveBack(restored.subarray(3, 4));
  expect(buffers.take()).toEqual(Buffer.alloc(16, 7));
});

it('takes no buffer of another size', () => {
  const buffers = createBufferPool(16);
  buffers.giveBack(buffers.restored(new ArrayBuffer(8)));
  expect(buffers.take()).toHaveLength(16);
});
