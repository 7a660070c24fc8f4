import { expect, test } from 'vitest';
import { createAttempts, waitFor, withRetry } from '../../src/http/retry.ts';
import { isTemporary, markTemporary } from '../../src/http/temporary-errors.ts';
import { CosaError } from '../../src/lib/errors.ts';

function recorded(signal?: AbortSignal) {
  const waits: number[] = [];
  const warnings: string[] = [];
  const context = {
    wait: async (milliseconds: number) => void waits.push(milliseconds),
    warn: (message: string) => void warnings.push(message),
  };
  return { context, waits, warnings, attempts: createAttempts(context, 'blob of docker://registry.test/os', signal) };
}

const broken = () =>
  markTemporary(new CosaError('REGISTRY_INTERRUPTED', 'registry registry.test: the connection broke'));

test('tries five times with delays that double and vary, and says so', async () => {
  const { attempts, waits, warnings } = recorded();
  for (let attempt = 1; attempt < 5; attempt += 1) await attempts.failed(broken());
  const last = broken();
  await expect(attempts.failed(last)).rejects.toBe(last);
  expect(waits).toHaveLength(4);
  for (const [index, wait] of waits.entries()) {
    expect(wait).toBeGreaterThanOrEqual(500 * 2 ** index * 0.75);
    expect(wait).toBeLessThanOrEqual(500 * 2 ** index * 1.25);
  }
  expect(warnings[0]).toMatch(
    /^blob of docker:\/\/registry\.test\/os: registry registry\.test: the connection broke; attempt 2 of 5 in 0\.\d s$/,
  );
});

test('counts anew after progress', async () => {
  const { attempts, waits } = recorded();
  for (let attempt = 1; attempt < 20; attempt += 1) {
    await attempts.failed(broken());
    attempts.progressed();
  }
  expect(waits).toHaveLength(19);
});

test('does not begin once more with what was tried often enough below', async () => {
  const inner = recorded();
  const failure = broken();
  for (let attempt = 1; attempt < 5; attempt += 1) await inner.attempts.failed(broken());
  await expect(inner.attempts.failed(failure)).rejects.toBe(failure);
  const outer = recorded();
  await expect(outer.attempts.failed(failure)).rejects.toBe(failure);
  expect(outer.waits).toEqual([]);
});

test.each([
  new CosaError('REGISTRY_INTERRUPTED', 'not marked as one that passes'),
  new CosaError('REGISTRY_DENIED', 'no'),
  new CosaError('BLOB_DIGEST_MISMATCH', 'no'),
  new TypeError('a mistake of our own'),
])('does not try again what cannot end otherwise: %s', async (failure) => {
  const { attempts, waits } = recorded();
  await expect(attempts.failed(failure)).rejects.toBe(failure);
  expect(waits).toEqual([]);
});

const now = Date.parse('2026-03-01T12:00:00Z');

test.each([
  ['7', 7000],
  [' 30 ', 30_000],
  ['Sun, 01 Mar 2026 12:00:20 GMT', 20_000],
  ['86400', 60_000],
  ['Mon, 01 Mar 2027 12:00:00 GMT', 60_000],
])('waits as long as Retry-After says, but not for ever: %s', async (header, expected) => {
  const { attempts, waits } = recorded();
  await attempts.failed(markTemporary(new CosaError('REGISTRY_RATE_LIMIT', 'slower'), header, now));
  expect(waits).toEqual([expected]);
});

test.each([undefined, '', '-5', 'soon', '1e9', '0', 'Sun, 01 Mar 2020 12:00:00 GMT'])(
  'waits as usual where Retry-After says nothing of use: %s',
  async (header) => {
    const { attempts, waits } = recorded();
    await attempts.failed(markTemporary(new CosaError('REGISTRY_RATE_LIMIT', 'slower'), header, now));
    expect(waits[0]).toBeGreaterThanOrEqual(375);
    expect(waits[0]).toBeLessThanOrEqual(625);
  },
);

test('gives up at once when nobody waits any more', async () => {
  const abort = new AbortController();
  const { attempts, waits } = recorded(abort.signal);
  abort.abort(new Error('interrupted'));
  await expect(attempts.failed(broken())).rejects.toThrow('interrupted');
  expect(waits).toEqual([]);
  await expect(waitFor(1_000_000, abort.signal)).rejects.toThrow('interrupted');
});

test('a wait ends with the abortion', async () => {
  const abort = new AbortController();
  const waiting = waitFor(1_000_000, abort.signal);
  abort.abort(new Error('interrupted'));
  await expect(waiting).rejects.toThrow('interrupted');
  await waitFor(0, undefined);
});

test('the layer sends a request again until it is answered, and is the only one to do so', async () => {
  const { context, waits } = recorded();
  let sent = 0;
  const next = async (request: { signal?: AbortSignal; retry?: boolean }) => {
    sent += 1;
    if (sent % 3 !== 0) throw broken();
    return { request };
  };
  const exchange = withRetry(next, context, 'registry.test');
  const request = {};
  expect((await exchange(request)).request).toBe(request);
  expect(waits).toHaveLength(2);
  await expect(exchange({ retry: false })).rejects.toThrow('the connection broke');
  expect(sent).toBe(4);
});

test('the layer gives up after five attempts, with an error that nobody tries again', async () => {
  const { context, waits } = recorded();
  const exchange = withRetry(() => Promise.reject(broken()), context, 'registry.test');
  const failure: unknown = await exchange({}).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'REGISTRY_INTERRUPTED' });
  expect(isTemporary(failure)).toBe(false);
  expect(waits).toHaveLength(4);
});
