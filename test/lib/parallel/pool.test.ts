import { describe, expect, it } from 'vitest';
import { threadPool } from '../../../src/lib/parallel/pool.ts';

type Request = { answer: string } | { count: string } | { fail: string };

const echo = (size: number) => threadPool<Request, string>(new URL('./echo-thread.ts', import.meta.url), size);

describe('a pool of threads', () => {
  it('has every request answered, however few threads there are', async () => {
    using pool = echo(2);
    const names = Array.from({ length: 20 }, (_, index) => `request ${index}`);
    expect(await Promise.all(names.map((answer) => pool.run({ answer })))).toEqual(names);
  });

  it('answers the requests of a lane in one thread and in their order, whatever comes in between', async () => {
    using pool = echo(2);
    using one = pool.lane();
    using other = pool.lane();
    const answers = ['a', 'b', 'c'].map(async () => {
      void pool.run({ answer: 'in between' });
      return [await one.run({ count: 'one' }), await other.run({ count: 'other' })];
    });
    expect(await Promise.all(answers)).toEqual([
      ['one 1', 'other 1'],
      ['one 2', 'other 2'],
      ['one 3', 'other 3'],
    ]);
  });

  it('spreads lanes over the threads', async () => {
    using pool = echo(2);
    using first = pool.lane();
    using second = pool.lane();
    expect(await first.run({ count: 'spread' })).toBe('spread 1');
    // In the first's thread it would be the second.
    expect(await second.run({ count: 'spread' })).toBe('spread 1');
    second[Symbol.dispose]();
    using third = pool.lane();
    expect(await third.run({ count: 'spread' })).toBe('spread 2');
  });

  it('goes on with a request after one that was answered with an error', async () => {
    using pool = echo(1);
    const missing = pool.run({ fail: 'ENOENT' });
    const next = pool.run({ answer: 'next' });
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT', path: '/nowhere' });
    expect(await next).toBe('next');
  });

  it('fails what waits for a thread that has died, and hangs nobody', async () => {
    using pool = echo(1);
    const all = await Promise.allSettled([pool.run({ fail: 'out of order' }), pool.run({ answer: 'a' })]);
    expect(all).toMatchObject([
      { status: 'rejected', reason: { code: 'THREAD_FAILED' } },
      { status: 'rejected', reason: { code: 'THREAD_FAILED' } },
    ]);
  });

  it('fails what is under way when it is disposed of', async () => {
    const pool = echo(1);
    const waiting = pool.run({ wait: 1_000_000 } as unknown as Request);
    pool[Symbol.dispose]();
    await expect(waiting).rejects.toMatchObject({ code: 'THREAD_FAILED' });
  });

  it('answers nothing once it is disposed of: its threads may be those of another', async () => {
    const pool = echo(1);
    expect(await pool.run({ answer: 'a' })).toBe('a');
    const lane = pool.lane();
    pool[Symbol.dispose]();
    pool[Symbol.dispose]();
    await expect(pool.run({ answer: 'b' })).rejects.toMatchObject({ code: 'THREAD_FAILED' });
    await expect(lane.run({ answer: 'c' })).rejects.toMatchObject({ code: 'THREAD_FAILED' });
    using one = echo(1);
    using other = echo(1);
    expect(await Promise.all([one.run({ answer: 'one' }), other.run({ answer: 'other' })])).toEqual(['one', 'other']);
  });
});
