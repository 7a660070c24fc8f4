import { describe, expect, it } from 'vitest';
import { createBuffers } from '../../../src/lib/parallel/buffers.ts';

describe('buffers', () => {
  it('are as many as there may be, and those that come back are used again', () => {
    const buffers = createBuffers(2, 10);
    const first = buffers.takeNow();
    expect([first?.byteLength, buffers.takeNow()?.byteLength, buffers.takeNow()]).toEqual([10, 10, undefined]);
    buffers.giveBack(first);
    expect(buffers.takeNow()).toBe(first);
  });

  it('go to those who wait, in their order, before anybody else', async () => {
    const buffers = createBuffers(1, 10);
    const taken = buffers.takeNow();
    const waiting = [buffers.take(), buffers.take()];
    buffers.giveBack(taken);
    expect(buffers.takeNow()).toBeUndefined();
    expect(await waiting[0]).toBe(taken);
    buffers.giveBack(taken);
    expect(await waiting[1]).toBe(taken);
  });

  it('are replaced when they were lost', async () => {
    const buffers = createBuffers(1, 10);
    buffers.takeNow();
    buffers.giveBack();
    expect((await buffers.take()).byteLength).toBe(10);
  });
});
