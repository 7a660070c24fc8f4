import { CosaError } from '../../lib/errors.ts';
import type { Machine } from '../machine.ts';
import { disconnect, type RemoteResult, runInGuest, type SshKey, waitForSshServer } from '../ssh.ts';
import { check, type ExpectedSystem, type Guest } from './system-test.ts';

/** How long a guest may take, in milliseconds: generous, for an emulated machine on a busy host is slow. */
const patience = {
  kvm: { boot: 5 * 60_000, command: 2 * 60_000 },
  tcg: { boot: 20 * 60_000, command: 10 * 60_000 },
} as const;

/** Lines on the console after which no ssh server will ever answer. */
const hopeless =
  /Entering emergency mode|You are in (emergency|rescue) mode|Kernel panic - not syncing|^error: no such/;

/** Lines of the console that say what went wrong. */
const excerptLines = 40;

/** The user that tests log in as. */
export const testUser = 'core';

/** A guest to test, and its end of the connection. */
export interface TestGuest extends Guest {
  /**
   * Waits until ssh answers.
   * @throws CosaError `GUEST_UNREACHABLE` with the end of the console, at once if the guest gives up
   */
  reachable(): Promise<void>;
}

/** Talks to a machine that was booted with `key` for the user `core`. */
export function createGuest(machine: Machine, key: SshKey, expected: ExpectedSystem, signal: AbortSignal): TestGuest {
  const target = { user: testUser, port: machine.sshPort, key };
  const limits = patience[machine.accelerator];
  let bootedAt = 0;

  function within(milliseconds: number): AbortSignal {
    return AbortSignal.any([signal, machine.stopped, AbortSignal.timeout(milliseconds)]);
  }

  async function reachable(): Promise<void> {
    const answered = new AbortController();
    const limit = within(limits.boot);
    const sawTrouble = machine.console
      .waitFor(hopeless, {
        milliseconds: limits.boot,
        from: bootedAt,
        signal: AbortSignal.any([limit, answered.signal]),
      })
      .catch(() => undefined);
    const trouble = new AbortController();
    void sawTrouble.then((line) => {
      if (line !== undefined) trouble.abort(new CosaError('GUEST_UNREACHABLE', `the guest gave up: ${line}`));
    });
    try {
      await waitForSshServer(machine.sshPort, AbortSignal.any([limit, trouble.signal]));
    } catch (error) {
      throw unreachable(
        trouble.signal.aborted ? trouble.signal.reason : machine.stopped.aborted ? machine.stopped.reason : error,
      );
    } finally {
      answered.abort();
    }
  }

  function unreachable(cause: unknown): unknown {
    if (signal.aborted) return cause;
    const reason = cause instanceof CosaError ? cause.message : `no answer within ${limits.boot / 60_000} min`;
    const lines = machine.console.tail(excerptLines, bootedAt).join('\n');
    return new CosaError('GUEST_UNREACHABLE', `ssh does not answer: ${reason}\n${lines}`, { cause });
  }

  async function run(command: string): Promise<RemoteResult> {
    const limit = within(limits.command);
    try {
      return await runInGuest(target, command, limit);
    } catch (error) {
      signal.throwIfAborted();
      if (machine.stopped.aborted) throw stoppedDuring(command);
      if (!limit.aborted) throw error;
      throw new CosaError('CHECK_FAILED', `"${command}" did not end within ${limits.command / 60_000} min`);
    }
  }

  /** Why the guest does not answer any more, in its own words: nobody can look at it later. */
  function stoppedDuring(command: string): unknown {
    const reason: unknown = machine.stopped.reason;
    if (!(reason instanceof CosaError)) return reason;
    const lines = machine.console.tail(excerptLines, bootedAt).join('\n');
    return new CosaError(reason.code, `during "${command}": ${reason.message}\n${lines}`, { cause: reason });
  }

  async function reboot(): Promise<void> {
    bootedAt = machine.console.length;
    const reset = machine.nextReset(within(limits.command)).catch((error: unknown) => {
      throw machine.stopped.aborted ? stoppedDuring('reboot') : error;
    });
    // The connection may end before the command does: the machine's reset is what counts.
    await Promise.all([reset, run('sudo systemctl reboot').catch(() => undefined)]);
    await disconnect(target);
    await reachable();
  }

  return {
    expected,
    publicKey: key.publicKey,
    reachable,
    run,
    reboot,
    async output(command) {
      const { exitCode, stdout, stderr } = await run(command);
      check(exitCode === 0, `"${command}": exit status ${exitCode}\n${stdout}${stderr}`.trimEnd());
      return stdout.trim();
    },
  };
}
