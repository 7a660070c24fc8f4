import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { tryRun } from '../exec/run.ts';
import { generateSshKey } from '../exec/tools/ssh.ts';
import { tools } from '../exec/tools.ts';
import { CosaError } from '../lib/errors.ts';
import { orAborted } from './abort.ts';

export interface SshKey {
  /** The private key's file. */
  path: string;
  /** One line, as in authorized_keys. */
  publicKey: string;
}

/** Makes a key that lives as long as `directory`. */
export async function createSshKey(directory: string): Promise<SshKey> {
  const path = join(directory, 'id');
  await generateSshKey(path);
  return { path, publicKey: (await readFile(`${path}.pub`, 'utf8')).trim() };
}

export interface SshTarget {
  user: string;
  /** A port of 127.0.0.1. */
  port: number;
  key: SshKey;
}

/** Arguments of ssh up to the command. The first connection stays open for the commands that follow. */
export function sshArguments({ user, port, key }: SshTarget): string[] {
  const options = {
    BatchMode: 'yes',
    IdentitiesOnly: 'yes',
    LogLevel: 'ERROR',
    // The guest has made its host key a moment ago, and nobody else can listen on our port.
    StrictHostKeyChecking: 'no',
    UserKnownHostsFile: '/dev/null',
    GlobalKnownHostsFile: '/dev/null',
    ConnectTimeout: '60',
    // A handshake takes an emulated guest seconds. The shared connection ends with the guest.
    ControlMaster: 'auto',
    ControlPath: `${key.path}.socket`,
    ControlPersist: 'yes',
    // A guest that hangs must not hang us.
    ServerAliveInterval: '20',
    ServerAliveCountMax: '6',
  };
  return [
    ...['-F', '/dev/null', '-i', key.path, '-p', String(port)],
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    `${user}@127.0.0.1`,
  ];
}

export interface RemoteResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** ssh's own exit status when the connection fails. */
const connectionFailed = 255;

/**
 * Runs a command line in the guest's shell.
 * @param command a constant of ours: nothing that comes from outside may be put into it
 * @throws CosaError `SSH_FAILED` if the guest cannot be reached; a failing command is a result
 */
export async function runInGuest(target: SshTarget, command: string, signal: AbortSignal): Promise<RemoteResult> {
  const result = await tryRun(tools.ssh, [...sshArguments(target), command], { signal });
  if (result.exitCode === connectionFailed) {
    throw new CosaError('SSH_FAILED', `no ssh connection to the guest: ${result.stderr.trim()}`);
  }
  return result;
}

/** Closes the shared connection, if there is one: the guest at its other end is another one now. */
export async function disconnect(target: SshTarget): Promise<void> {
  await tryRun(tools.ssh, ['-O', 'exit', ...sshArguments(target)]);
}

/** How long one attempt may take: a guest without network answers nothing at all. */
const greetingMilliseconds = 5_000;
const pauseMilliseconds = 500;

/**
 * Waits until an ssh server answers at a port of 127.0.0.1. QEMU accepts every connection there, so only
 * the server's greeting says that it runs.
 * @throws the signal's reason when it is aborted before
 */
export async function waitForSshServer(port: number, signal: AbortSignal): Promise<void> {
  while (!(await greets(port, signal))) await orAborted(pause(pauseMilliseconds), signal);
}

async function greets(port: number, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  const socket = connect({ host: '127.0.0.1', port });
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(greetingMilliseconds)]);
    // Rejects on an error event and on abort; an end without data does neither.
    const greeting = once(socket, 'data', { signal: limit }) as Promise<[Buffer]>;
    const end = once(socket, 'end', { signal: limit }).then((): [Buffer] => [Buffer.alloc(0)]);
    const [data] = await Promise.race([greeting, end]);
    return data.toString('latin1').startsWith('SSH-');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
