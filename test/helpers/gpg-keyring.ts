import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tryRun } from '../../src/exec/run.ts';
import { type Tool, tools } from '../../src/exec/tools.ts';

/** A keyring with one key, for nobody else. */
export interface GpgKeyring extends AsyncDisposable {
  /** For `GNUPGHOME`. */
  home: string;
  /** Names the key. */
  key: string;
  /** @throws CosaError `TOOL_FAILED` if the signature is not one of the file by the key */
  verify(signature: string, file: string): Promise<void>;
}

const gpgconf: Tool = {
  name: 'gpgconf',
  packages: { deb: 'gpgconf', rpm: 'gnupg2' },
  purpose: 'ends the agent of tests',
};

/** Makes a key without a passphrase. */
export async function gpgKeyring(): Promise<GpgKeyring> {
  // Short: the agent's socket lies in it.
  const home = await mkdtemp(join(tmpdir(), 'gpg-'));
  const env = { GNUPGHOME: home };
  const key = 'release@example.com';
  await run(tools.gpg, ['--batch', '--passphrase', '', '--quick-generate-key', key, 'ed25519', 'sign', 'never'], {
    env,
  });
  return {
    home,
    key,
    verify: async (signature, file) => {
      await run(tools.gpg, ['--batch', '--verify', signature, file], { env });
    },
    async [Symbol.asyncDispose]() {
      await tryRun(gpgconf, ['--kill', 'all'], { env });
      await rm(home, { recursive: true, force: true });
    },
  };
}
