import { expect, test } from 'vitest';
import { createCleanup } from '../../src/lib/cleanup.ts';

test('undoes everything, the last first, once', async () => {
  const cleanup = createCleanup();
  const order: string[] = [];
  for (const name of ['a', 'b', 'c']) cleanup.defer(() => order.push(name));
  await cleanup[Symbol.asyncDispose]();
  await cleanup[Symbol.asyncDispose]();
  expect(order).toEqual(['c', 'b', 'a']);
});

test('a step that fails does not keep the others from running; the first failure is told', async () => {
  const cleanup = createCleanup();
  const order: string[] = [];
  cleanup.defer(() => order.push('a'));
  cleanup.defer(() => Promise.reject(new Error('b')));
  cleanup.defer(() => Promise.reject(new Error('c')));
  await expect(cleanup[Symbol.asyncDispose]()).rejects.toThrow('c');
  expect(order).toEqual(['a']);
});
