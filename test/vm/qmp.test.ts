import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { start } from '../../src/exec/run.ts';
import { machineEmulator } from '../../src/exec/tools/machine-tools.ts';
import { pc } from '../../src/lib/architecture/virtual-machine.ts';
import { listenForQmp, qmpArguments } from '../../src/vm/qmp.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-qmp-'));
});

afterEach(() => rm(directory, { recursive: true }));

const never = new AbortController().signal;

/** A machine that answers each command with the next of these messages; a function may do anything to the socket. */
function scriptedMachine(path: string, answers: readonly ((id: number, socket: Socket) => object | undefined)[]): void {
  const socket = connect(path);
  const rest = [...answers];
  socket.on('error', () => undefined);
  socket.write(`${JSON.stringify({ QMP: { version: {}, capabilities: [] } })}\n`);
  createInterface({ input: socket })
    .on('error', () => undefined)
    .on('line', (line) => {
      const { id } = JSON.parse(line) as { id: number };
      const answer = rest.shift()?.(id, socket);
      if (answer !== undefined) socket.write(`${JSON.stringify(answer)}\n`);
    });
}

const accepted = (id: number) => ({ return: {}, id });

test('commands get the answers with their number, whatever comes between', async () => {
  const path = join(directory, 's');
  await using listener = await listenForQmp(path);
  scriptedMachine(path, [
    accepted,
    (id, socket) => {
      socket.write('{"event": "RESUME", "timestamp": {}}\nnot json\n{"unknown": 1}\n');
      return { return: { status: 'running' }, id };
    },
  ]);
  const client = await listener.accept(never);
  const events: string[] = [];
  client.onEvent(({ name }) => events.push(name));
  expect(await client.execute('query-status')).toEqual({ status: 'running' });
  expect(events).toEqual(['RESUME']);
});

test("an error is QEMU's own words", async () => {
  const path = join(directory, 's');
  await using listener = await listenForQmp(path);
  scriptedMachine(path, [accepted, (id) => ({ error: { class: 'CommandNotFound', desc: 'no such command' }, id })]);
  const client = await listener.accept(never);
  await expect(client.execute('nonsense')).rejects.toMatchObject({
    code: 'QMP_FAILED',
    message: "QEMU's nonsense: no such command",
  });
});

test('a machine that goes away fails what waits for it, and what comes later', async () => {
  const path = join(directory, 's');
  await using listener = await listenForQmp(path);
  scriptedMachine(path, [accepted, (_id, socket) => void socket.destroy()]);
  const client = await listener.accept(never);
  await expect(client.execute('query-status')).rejects.toThrow("QEMU's query-status: QEMU has gone");
  await client.closed;
  await expect(client.execute('query-status')).rejects.toThrow('QEMU has gone');
});

test('waiting for a machine that never connects can be ended', async () => {
  await using listener = await listenForQmp(join(directory, 's'));
  const stop = new AbortController();
  const waiting = listener.accept(stop.signal);
  stop.abort(new Error('no machine'));
  await expect(waiting).rejects.toThrow('no machine');
});

test('the real QEMU', async () => {
  const path = join(directory, 's');
  await using listener = await listenForQmp(path);
  const machine = await start(machineEmulator(pc), [
    '-nodefaults',
    '-display',
    'none',
    '-machine',
    'none',
    '-S',
    ...qmpArguments(path),
  ]);
  const client = await listener.accept(never);
  expect(await client.execute('query-status')).toMatchObject({ running: false });
  const shutDown = new Promise((resolve) => client.onEvent(resolve));
  await client.execute('quit');
  expect(await shutDown).toMatchObject({ name: 'SHUTDOWN', data: { guest: false } });
  await machine.done;
  await client.closed;
});
