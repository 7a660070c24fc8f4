import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listenForSignals } from '../../src/cli/interruption.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function fakeProcess() {
  const exit = vi.fn<(code?: number | string | null) => never>();
  return Object.assign(new EventEmitter(), { exit }) as unknown as NodeJS.Process & { exit: typeof exit };
}

test('the first signal asks the work to stop, the second ends the process', () => {
  const process = fakeProcess();
  const { signal, status } = listenForSignals(process);
  expect(status()).toBeUndefined();
  process.emit('SIGTERM');
  expect({ aborted: signal.aborted, status: status() }).toEqual({ aborted: true, status: 143 });
  expect(process.exit).not.toHaveBeenCalled();
  process.emit('SIGINT');
  expect(process.exit).toHaveBeenCalledWith(130);
});

test('a signal that no work heeds ends the process by itself', () => {
  const process = fakeProcess();
  listenForSignals(process);
  process.emit('SIGTERM');
  vi.runAllTimers();
  expect(process.exit).toHaveBeenCalledWith(143);
});
