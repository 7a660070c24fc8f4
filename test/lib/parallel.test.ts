import { describe, expect, it } from 'vitest';
import { mapParallel } from '../../src/lib/parallel.ts';

describe('mapParallel', () => {
  it('gives the results in order, however long each takes, and keeps to the limit', async () => {
    let running = 0;
    let most = 0;
    const results = await mapParallel(
      [5, 1, 3, 0, 2],
      async (turns) => {
        most = Math.max(most, ++running);
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        running--;
        return turns * 2;
      },
      2,
    );
    expect(results).toEqual([10, 2, 6, 0, 4]);
    expect(most).toBe(2);
  });

  it('begins nothing after a failure, and waits for what is under way', async () => {
    const ended: number[] = [];
    const work = async (item: number) => {
      if (item === 1) throw new Error('one failed');
      await new Promise((resolve) => setImmediate(resolve));
      ended.push(item);
    };
    await expect(mapParallel([0, 1, 2, 3], work, 2)).rejects.toThrow('one failed');
    expect(ended).toEqual([0]);
  });

  it('tells those under way, and throws what failed first', async () => {
    const work = (item: number, signal: AbortSignal) =>
      new Promise<void>((_, reject) => {
        if (item === 2) reject(new Error('two failed'));
        signal.addEventListener('abort', () => reject(new Error(`${item} was stopped`)));
      });
    await expect(mapParallel([0, 1, 2], work, 3)).rejects.toThrow('two failed');
  });

  it('stops when the caller does, with its reason', async () => {
    const caller = new AbortController();
    const begun: number[] = [];
    const work = async (item: number, signal: AbortSignal) => {
      begun.push(item);
      caller.abort(new Error('interrupted'));
      expect(signal.aborted).toBe(true);
    };
    await expect(mapParallel([0, 1, 2], work, 1, caller.signal)).rejects.toThrow('interrupted');
    expect(begun).toEqual([0]);
  });

  it('leaves the signal of a run that succeeds alone', async () => {
    const caller = new AbortController();
    const [first, second] = await mapParallel([0, 1], async (_, signal) => signal, 1, caller.signal);
    expect(first).toBe(second);
    expect([first?.aborted, caller.signal.aborted]).toEqual([false, false]);
  });

  it('has nothing to do for no items', async () => {
    expect(await mapParallel([], async () => 1)).toEqual([]);
  });
});
