import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PipelineEvent } from '../../src/progress/events.ts';
import { waitForLock } from '../../src/progress/wait-for-lock.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-wait-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Somebody who waits, and a promise of the first thing that is told. */
function waiter() {
  const controller = new AbortController();
  const events: PipelineEvent[] = [];
  let tell: (event: PipelineEvent) => void = () => undefined;
  const told = new Promise<PipelineEvent>((resolve) => {
    tell = resolve;
  });
  const pipeline = {
    signal: controller.signal,
    events: (event: PipelineEvent) => {
      events.push(event);
      tell(event);
    },
  };
  return { controller, events, told, pipeline };
}

test('a free lock is taken without a word', async () => {
  const { pipeline, events } = waiter();
  await using _lock = await waitForLock(pipeline, join(directory, 'build.lock'), 'another build');
  expect(events).toEqual([]);
});

test('who waits is told for whom, and goes on when the other is done', async () => {
  const path = join(directory, 'build.lock');
  const first = await waitForLock(waiter().pipeline, path, 'another build');
  const { pipeline, told } = waiter();
  const second = waitForLock(pipeline, path, 'another build');
  expect(await told).toEqual({
    type: 'warning',
    message: `waiting for another build, process ${process.pid}`,
    hint: undefined,
  });
  await first[Symbol.asyncDispose]();
  await (await second)[Symbol.asyncDispose]();
});

test('the waiting can be interrupted, and the lock stays with its holder', async () => {
  const path = join(directory, 'build.lock');
  const first = await waitForLock(waiter().pipeline, path, 'another build');
  const { pipeline, told, controller } = waiter();
  const second = waitForLock(pipeline, path, 'another build');
  await told;
  controller.abort(new Error('interrupted'));
  await expect(second).rejects.toThrow('interrupted');
  await first[Symbol.asyncDispose]();
  await using _again = await waitForLock(waiter().pipeline, path, 'another build');
});
