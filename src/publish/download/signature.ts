import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryRun } from '../../exec/run.ts';
import { tools } from '../../exec/tools.ts';
import { usageError, verificationError } from '../../lib/errors.ts';
import { ifExists } from '../../lib/if-exists.ts';

/** Bytes; a keyring of all that ever signed has fewer. */
const mostKeyringBytes = 16 * 1024 * 1024;

/** The bytes of a keyring, as gpgv reads it. */
export type Keyring = Buffer;

/**
 * Reads a keyring: binary, as `gpg --export` writes it, or in one or more blocks of text, as `gpg --armor --export` does.
 * @throws CosaError `FILE_MISSING`, `KEYRING_INVALID` (exit 2)
 */
export async function readKeyring(path: string): Promise<Keyring> {
  const bytes = await ifExists(readFile(path));
  if (bytes === undefined) throw usageError('FILE_MISSING', `there is no keyring ${path}`);
  const keyring = bytes.length > mostKeyringBytes ? Buffer.alloc(0) : dearmored(bytes);
  // The first packet is a public key: https://www.rfc-editor.org/rfc/rfc9580#section-4.2
  const tag = keyring[0] ?? 0;
  const isKey = (tag & 0xc0) === 0xc0 ? (tag & 0x3f) === 6 : (tag & 0xc0) === 0x80 && ((tag >> 2) & 0xf) === 6;
  if (isKey) return keyring;
  throw usageError('KEYRING_INVALID', `${path} holds no public key of OpenPGP`, {
    hint: 'write it with gpg --export KEY > FILE',
  });
}

/** https://www.rfc-editor.org/rfc/rfc9580#section-6.2 */
function dearmored(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  if (!text.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')) return bytes;
  const blocks = text.matchAll(
    /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\n:]+:[^\n]*\n)*\r?\n([A-Za-z0-9+/=\s]*?)(?:\r?\n=[A-Za-z0-9+/]{4})?\r?\n-----END/g,
  );
  return Buffer.concat([...blocks].map(([, block = '']) => Buffer.from(block, 'base64')));
}

/**
 * Checks a detached signature of a file with gpgv, by the keys of a keyring and no others.
 * @param address of the signature, for errors
 * @returns the fingerprint of the key that made it
 * @throws CosaError `DOWNLOAD_SIGNATURE` (exit 4), `TOOL_MISSING` (exit 3)
 */
export async function checkSignature(
  path: string,
  signature: Uint8Array,
  keyring: Keyring,
  address: string,
  signal: AbortSignal,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-gpgv-'));
  try {
    const files = { signature: join(directory, 'signature'), keyring: join(directory, 'keyring.gpg') };
    await writeFile(files.signature, signature);
    await writeFile(files.keyring, keyring);
    const { stdout, stderr } = await tryRun(
      tools.gpgv,
      ['--homedir', directory, '--status-fd', '1', '--keyring', files.keyring, files.signature, path],
      { signal },
    );
    const fingerprint = goodSignature(stdout);
    if (fingerprint !== undefined) return fingerprint;
    throw verificationError('DOWNLOAD_SIGNATURE', `${address} is no good signature: ${reasonOf(stderr)}`, {
      hint: 'the file or the signature was changed, or the keyring is not that of who publishes it',
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * The key of a good signature among gpgv's status lines; of several signatures none may be bad, and one must be good, by a key
 * that has neither expired nor been revoked. https://github.com/gpg/gnupg/blob/master/doc/DETAILS
 */
function goodSignature(status: string): string | undefined {
  let isGood = false;
  let fingerprint: string | undefined;
  for (const line of status.split('\n')) {
    const [, word = '', value] = line.split(' ');
    if (word === 'BADSIG') return undefined;
    if (/^(GOODSIG|ERRSIG|EXPSIG|EXPKEYSIG|REVKEYSIG)$/.test(word)) isGood = word === 'GOODSIG';
    if (word === 'VALIDSIG' && isGood) fingerprint ??= value;
  }
  return fingerprint;
}

/** What gpgv says last, without its name. */
function reasonOf(stderr: string): string {
  return (
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^gpgv: /, '')
      .trim() || 'gpgv does not say why'
  );
}
