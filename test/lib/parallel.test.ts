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

  it('has nothing to do for no items', async () => {
    expect(await mapParallel([], async () => 1)).toEqual([]);
  });
});
