import { describe, expect, it } from 'vitest';
import { borrowThread } from '../../../src/lib/parallel/thread.ts';

type Request = { answer: string } | { wait: number } | { fail: string } | { exit: number };

const borrow = () => borrowThread<Request, string>(new URL('./echo-thread.ts', import.meta.url));

describe('a thread', () => {
  it('answers', async () => {
    const thread = borrow();
    expect(await thread.request({ answer: 'a' })).toBe('a');
    expect(await thread.request({ answer: 'b' })).toBe('b');
    thread.giveBack();
  });

  it('is given to the next who needs one, and is not while it works for somebody', async () => {
    const first = borrow();
    await first.request({ answer: 'a' });
    first.giveBack();
    const second = borrow();
    expect(second).toBe(first);
    expect(borrow()).not.toBe(first);
  });

  it('moves what is transferred', async () => {
    const thread = borrow();
    const buffer = new ArrayBuffer(10);
    await thread.request({ answer: 'a' }, [buffer]);
    expect(buffer.byteLength).toBe(0);
    thread.giveBack();
  });

  it.each([
    [
      'USAGE',
      {
        name: 'CosaError',
        code: 'COMMAND_LINE',
        message: 'something is wrong',
        exitStatus: 2,
        hint: 'do it otherwise',
      },
    ],
    [
      'ENOENT',
      {
        code: 'ENOENT',
        syscall: 'open',
        path: '/nowhere',
        message: "ENOENT: no such file or directory, open '/nowhere'",
      },
    ],
  ])('answers with an error as it was thrown, and lives on: %s', async (fail, error) => {
    const thread = borrow();
    await expect(thread.request({ fail })).rejects.toMatchObject(error);
    expect(await thread.request({ answer: 'a' })).toBe('a');
    thread.giveBack();
  });

  it.each([
    [{ fail: 'out of order' }, 'a worker thread ended: out of order'],
    [{ exit: 3 }, 'a worker thread ended: exit status 3'],
  ])('that dies fails what it was asked and what it is asked: %j', async (request, message) => {
    const thread = borrow();
    await expect(thread.request(request)).rejects.toMatchObject({ code: 'THREAD_FAILED', message });
    await expect(thread.request({ answer: 'a' })).rejects.toMatchObject({ code: 'THREAD_FAILED', message });
    thread.giveBack();
    expect(borrow()).not.toBe(thread);
  });

  it('that is given back while it works is ended', async () => {
    const thread = borrow();
    const waiting = thread.request({ wait: 1_000_000 });
    thread.giveBack();
    await expect(waiting).rejects.toMatchObject({ code: 'THREAD_FAILED' });
    expect(borrow()).not.toBe(thread);
  });
});
