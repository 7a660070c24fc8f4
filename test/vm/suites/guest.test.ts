import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { startMachine } from '../../../src/vm/machine.ts';
import { createGuest, type TestGuest } from '../../../src/vm/suites/guest.ts';
import { type Ending, writeBootableDisk } from '../boot-sector.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-guest-'));
  vi.stubEnv('TMPDIR', directory);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

/** A machine whose boot sector is all that runs in it. */
async function startSector(text: string, ending: Ending) {
  const disk = join(directory, 'image.raw');
  await writeBootableDisk(disk, text, ending);
  const consoleLog = join(directory, 'log');
  const machine = await startMachine(
    { disk, architecture: 'x86_64', firmware: 'bios', memory: 64, cpus: 1, consoleLog },
    silentReporter(),
  );
  const expected = { commit: '', architecture: 'x86_64', firmware: 'bios', diskSize: machine.diskSize } as const;
  const key = { path: join(directory, 'id'), publicKey: '' };
  const guestUntil = (signal: AbortSignal) => createGuest(machine, key, expected, signal);
  return { machine, guestUntil, [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose]() };
}

const panic = 'Kernel panic - not syncing: x\n';

test.each<[string, Ending, string]>([
  [panic, 'halt', `ssh does not answer: the guest gave up: ${panic}`],
  ['bye\n', 'power-off', 'ssh does not answer: the guest has switched itself off\n'],
])('a guest that will never answer is given up at once, with its console: %j', async (text, ending, message) => {
  await using started = await startSector(text, ending);
  const guest = started.guestUntil(new AbortController().signal);
  await expect(guest.reachable()).rejects.toMatchObject({
    code: 'GUEST_UNREACHABLE',
    message: expect.stringContaining(`${message}${text}`.trimEnd()),
  });
});

test("an interruption is the user's, not the guest's failure", async () => {
  await using started = await startSector('x', 'halt');
  const stop = new AbortController();
  const guest = started.guestUntil(stop.signal);
  const waiting = guest.reachable();
  stop.abort(new Error('interrupted'));
  await expect(waiting).rejects.toThrow('interrupted');
});

test.each([
  ['uname', /\n(.*\n)*hello\nOops: x\nend Kernel panic\n?$/, (guest: TestGuest) => guest.run('uname')],
  // What the console says from then on: here, nothing.
  ['reboot', /\n$/, (guest: TestGuest) => guest.reboot()],
])(
  'what a panic ends fails with what the kernel wrote, also after it had told of the panic: %s',
  async (name, console, act) => {
    await using started = await startSector('hello\n', 'panic');
    const { stopped } = started.machine;
    if (!stopped.aborted) await once(stopped, 'abort');
    await expect(act(started.guestUntil(new AbortController().signal))).rejects.toMatchObject({
      code: 'GUEST_PANICKED',
      message: expect.stringMatching(new RegExp(`^during "${name}": the guest's kernel panicked${console.source}`)),
    });
  },
);
