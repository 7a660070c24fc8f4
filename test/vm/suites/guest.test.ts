import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { startMachine } from '../../../src/vm/machine.ts';
import { createGuest } from '../../../src/vm/suites/guest.ts';
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

const panic = 'Kernel panic - not syncing: x\n';

test.each<[string, Ending, string]>([
  [panic, 'halt', `ssh does not answer: the guest gave up: ${panic}`],
  ['bye\n', 'power-off', 'ssh does not answer: the guest has switched itself off\n'],
])('a guest that will never answer is given up at once, with its console: %j', async (text, ending, message) => {
  const disk = join(directory, 'image.raw');
  await writeBootableDisk(disk, text, ending);
  const options = {
    disk,
    architecture: 'x86_64',
    firmware: 'bios',
    memory: 64,
    cpus: 1,
    consoleLog: join(directory, 'log'),
  } as const;
  await using machine = await startMachine(options, silentReporter());
  const expected = { commit: '', architecture: 'x86_64', firmware: 'bios', diskSize: machine.diskSize } as const;
  const key = { path: join(directory, 'id'), publicKey: '' };
  const guest = createGuest(machine, key, expected, new AbortController().signal);
  await expect(guest.reachable()).rejects.toMatchObject({
    code: 'GUEST_UNREACHABLE',
    message: expect.stringContaining(`${message}${text}`.trimEnd()),
  });
});

test("an interruption is the user's, not the guest's failure", async () => {
  const disk = join(directory, 'image.raw');
  await writeBootableDisk(disk, 'x', 'halt');
  const options = {
    disk,
    architecture: 'x86_64',
    firmware: 'bios',
    memory: 64,
    cpus: 1,
    consoleLog: join(directory, 'log'),
  } as const;
  await using machine = await startMachine(options, silentReporter());
  const stop = new AbortController();
  const expected = { commit: '', architecture: 'x86_64', firmware: 'bios', diskSize: machine.diskSize } as const;
  const guest = createGuest(machine, { path: '', publicKey: '' }, expected, stop.signal);
  const waiting = guest.reachable();
  stop.abort(new Error('interrupted'));
  await expect(waiting).rejects.toThrow('interrupted');
});
