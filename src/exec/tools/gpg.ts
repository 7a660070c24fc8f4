import { once } from 'node:events';
import { usageError } from '../../lib/errors.ts';
import { type RunOptions, start, tryRun } from '../run.ts';
import { tools } from '../tools.ts';

/** A detached signature that is being made while the bytes pass by. */
export interface DetachedSignature {
  /** Takes the next bytes; they may be used again once it has resolved. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * After the last byte: the signature, as `gpg --verify` takes it beside the file.
   * @throws CosaError `TOOL_FAILED` (exit 1)
   */
  finish(): Promise<Buffer>;
  /** Gives it up. */
  cancel(): Promise<void>;
}

/** Makes detached signatures with one key of the user's keyring. */
export interface GpgSigner {
  begin(signal: AbortSignal | undefined): Promise<DetachedSignature>;
}

/**
 * Finds a secret key in the user's keyring.
 * @param key as gpg's --local-user takes it: fingerprint, key id or mail address
 * @throws CosaError `GPG_KEY_MISSING` (exit 2), `TOOL_MISSING` (exit 3)
 */
export async function openGpgSigner(key: string, environment: NodeJS.ProcessEnv): Promise<GpgSigner> {
  const env: Record<string, string> = {};
  for (const name of ['GNUPGHOME', 'GPG_TTY']) {
    const value = environment[name];
    if (value !== undefined) env[name] = value;
  }
  const listed = await tryRun(tools.gpg, ['--batch', '--with-colons', '--list-secret-keys', '--', key], { env });
  if (listed.exitCode !== 0) {
    throw usageError('GPG_KEY_MISSING', `gpg has no secret key ${JSON.stringify(key)}`, {
      hint: 'see what it has: gpg --list-secret-keys; GNUPGHOME names another keyring',
    });
  }
  return { begin: (signal) => begin(key, { env, ...(signal === undefined ? {} : { signal }) }) };
}

async function begin(key: string, options: RunOptions): Promise<DetachedSignature> {
  const program = await start(tools.gpg, ['--batch', '--yes', '--local-user', key, '--detach-sign'], options);
  const { stdin, stdout, done } = program;
  // A program that has ended tells why by its status.
  stdin.on('error', () => undefined);
  const output = stdout.toArray() as Promise<Buffer[]>;
  output.catch(() => undefined);
  return {
    async write(bytes) {
      // Waited for until it is written: the caller's buffer is used again.
      await Promise.race([
        new Promise<void>((resolve) => stdin.write(bytes, () => resolve())),
        stdin.closed ? undefined : once(stdin, 'close'),
      ]);
    },
    async finish() {
      stdin.end();
      await done;
      return Buffer.concat(await output);
    },
    async cancel() {
      program.kill();
      await done.catch(() => undefined);
    },
  };
}
