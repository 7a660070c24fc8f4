import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tryRun } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { exists } from '../../src/lib/if-exists.ts';

/** Who signs: a home of gpg's with a key. */
export interface SigningKey {
  home: string;
  key: string;
  fingerprint: string;
}

const gpgconf = { name: 'gpgconf', packages: { deb: 'gpgconf', rpm: 'gnupg2' }, purpose: "ends gpg's agent" };

const user = 'rpms@example.com';

/**
 * The key that lies in a directory as `secret.asc` and `key.asc`; made there, for nothing else, if there is none.
 * @returns until it is disposed of, gpg knows it
 */
export async function openSigningKey(directory: string): Promise<SigningKey & AsyncDisposable> {
  // Short: the agent's socket lies in it.
  const home = await mkdtemp(join(tmpdir(), 'gpg-'));
  const env = { GNUPGHOME: home };
  const gpg = (args: readonly string[]) => run(tools.gpg, ['--batch', '--quiet', '--passphrase', '', ...args], { env });
  const secret = join(directory, 'secret.asc');
  if (await exists(secret)) await gpg(['--import', secret]);
  else {
    await gpg(['--quick-generate-key', user, 'rsa3072', 'sign', 'never']);
    await gpg(['--armor', '--output', join(directory, 'key.asc'), '--export', user]);
    await gpg(['--armor', '--output', secret, '--export-secret-keys', user]);
  }
  const { stdout } = await gpg(['--with-colons', '--list-keys', user]);
  const [, fingerprint = ''] = /^fpr:+([0-9A-F]+):/m.exec(stdout) ?? [];
  return {
    home,
    key: user,
    fingerprint,
    async [Symbol.asyncDispose]() {
      await tryRun(gpgconf, ['--kill', 'all'], { env });
      await rm(home, { recursive: true, force: true });
    },
  };
}
