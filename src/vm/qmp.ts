import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { CosaError } from '../lib/errors.ts';
import { orAborted } from './abort.ts';

// The QEMU machine protocol: https://www.qemu.org/docs/master/interop/qmp-spec.html

const message = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).default({}) }),
  z.object({ return: z.unknown(), id: z.number() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.number() }),
]);

interface QmpEvent {
  /** Such as `SHUTDOWN`, `RESET`, `GUEST_PANICKED`. */
  name: string;
  data: Readonly<Record<string, unknown>>;
}

/** A connection to a running QEMU. */
export interface QmpClient {
  /**
   * Sends a command and returns its answer.
   * @throws CosaError `QMP_FAILED` with QEMU's reason, or if the connection ends before the answer
   */
  execute(command: string, commandArguments?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Calls back for each event from now on; returns what ends that. */
  onEvent(listener: (event: QmpEvent) => void): () => void;
  /** Settles when the connection has ended: QEMU has gone. */
  readonly closed: Promise<void>;
}

/**
 * Where QEMU will connect to. We listen and QEMU dials, so that nobody has to poll for a socket: it is
 * there before QEMU starts.
 */
export interface QmpListener extends AsyncDisposable {
  /** Waits for QEMU to connect, and negotiates. */
  accept(signal: AbortSignal): Promise<QmpClient>;
}

/** Arguments for QEMU that make it connect to a {@link QmpListener} at `path`. */
export function qmpArguments(path: string): string[] {
  return ['-chardev', `socket,id=qmp,path=${path.replaceAll(',', ',,')}`, '-mon', 'chardev=qmp,mode=control'];
}

/** Listens on a Unix socket at `path`, which must be shorter than 108 bytes. */
export async function listenForQmp(path: string): Promise<QmpListener> {
  const server = createServer();
  const connected = once(server, 'connection') as Promise<[Socket]>;
  // Whoever accepts sees the failure; without acceptance it is of no interest.
  connected.catch(() => undefined);
  server.listen(path);
  await once(server, 'listening');
  let socket: Socket | undefined;
  return {
    async accept(signal) {
      [socket] = await orAborted(connected, signal);
      return negotiate(socket);
    },
    async [Symbol.asyncDispose]() {
      socket?.destroy();
      await closeServer(server);
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

async function negotiate(socket: Socket): Promise<QmpClient> {
  const client = createClient(socket);
  await client.execute('qmp_capabilities');
  return client;
}

interface Pending {
  command: string;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

function createClient(socket: Socket): QmpClient {
  const pending = new Map<number, Pending>();
  const listeners = new Set<(event: QmpEvent) => void>();
  let lastId = 0;

  const lines = createInterface({ input: socket });
  lines.on('line', (line) => {
    const parsed = parseLine(line);
    if (parsed === undefined || 'QMP' in parsed) return;
    if ('event' in parsed) {
      for (const listener of listeners) listener({ name: parsed.event, data: parsed.data });
      return;
    }
    const waiting = pending.get(parsed.id);
    pending.delete(parsed.id);
    if ('error' in parsed) waiting?.reject(failed(waiting.command, parsed.error.desc));
    else waiting?.resolve(parsed.return);
  });
  // A killed QEMU resets the connection: that is an end like any other.
  for (const stream of [socket, lines]) stream.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void closed.then(() => {
    for (const { command, reject } of pending.values()) reject(failed(command, 'QEMU has gone'));
    pending.clear();
  });

  return {
    closed,
    execute(command, commandArguments) {
      if (socket.destroyed) return Promise.reject(failed(command, 'QEMU has gone'));
      const id = ++lastId;
      const answer = new Promise<unknown>((resolve, reject) => pending.set(id, { command, resolve, reject }));
      socket.write(`${JSON.stringify({ execute: command, arguments: commandArguments, id })}\n`);
      return answer;
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function parseLine(line: string): z.infer<typeof message> | undefined {
  try {
    return message.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function failed(command: string, reason: string): CosaError {
  return new CosaError('QMP_FAILED', `QEMU's ${command}: ${reason}`);
}
