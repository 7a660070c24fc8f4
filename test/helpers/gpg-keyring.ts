import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
  /** Runs gpg with this home. @returns what it prints */
  gpg(args: readonly string[], input?: string | Uint8Array): Promise<string>;
  /** The public keys, as text. */
  publicKeys(): Promise<string>;
  /** From now on gpg believes that it is this time: `20200131T120000`. */
  setTime(time: string): Promise<void>;
  /** Revokes the key, with the certificate that gpg has made with it. */
  revoke(): Promise<void>;
}

const gpgconf: Tool = {
  name: 'gpgconf',
  packages: { deb: 'gpgconf', rpm: 'gnupg2' },
  purpose: 'ends the agent of tests',
};

/**
 * Makes a key without a passphrase.
 * @param made when it says that it was made, as in `setTime`
 * @param end when it expires: `2021-01-01`
 */
export async function gpgKeyring({ made, end = 'never' }: { made?: string; end?: string } = {}): Promise<GpgKeyring> {
  // Short: the agent's socket lies in it.
  const home = await mkdtemp(join(tmpdir(), 'gpg-'));
  const env = { GNUPGHOME: home };
  const key = 'release@example.com';
  const gpg = async (args: readonly string[], input: string | Uint8Array = '') =>
    (await run(tools.gpg, ['--batch', '--passphrase', '', ...args], { env, input })).stdout;
  const setTime = (time: string) => writeFile(join(home, 'gpg.conf'), `faked-system-time ${time}\n`);
  if (made !== undefined) await setTime(made);
  await gpg(['--quick-generate-key', key, 'ed25519', 'sign', end]);
  return {
    home,
    key,
    gpg,
    setTime,
    publicKeys: () => gpg(['--armor', '--export']),
    verify: async (signature, file) => void (await gpg(['--verify', signature, file])),
    async revoke() {
      const [, fingerprint = ''] = /^fpr:+([0-9A-F]+):/m.exec(await gpg(['--with-colons', '--list-keys'])) ?? [];
      const certificate = await readFile(join(home, 'openpgp-revocs.d', `${fingerprint}.rev`), 'utf8');
      // A colon keeps people from importing it by mistake.
      await gpg(['--import'], certificate.replace(/^:-----BEGIN/m, '-----BEGIN'));
    },
    async [Symbol.asyncDispose]() {
      await tryRun(gpgconf, ['--kill', 'all'], { env });
      await rm(home, { recursive: true, force: true });
    },
  };
}
