import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryRun } from '../run.ts';
import { tools } from '../tools.ts';

/**
 * The public keys of a file as gpgv reads them: binary, as `gpg --export` writes it, or in one or more blocks of text, as
 * `gpg --armor --export` does.
 * @returns `undefined` if the file holds none
 */
export function publicKeysOf(bytes: Buffer): Buffer | undefined {
  const keyring = dearmored(bytes);
  // The first packet is a public key: https://www.rfc-editor.org/rfc/rfc9580#section-4.2
  const tag = keyring[0] ?? 0;
  const isKey = (tag & 0xc0) === 0xc0 ? (tag & 0x3f) === 6 : (tag & 0xc0) === 0x80 && ((tag >> 2) & 0xf) === 6;
  return isKey ? keyring : undefined;
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

/** Who signed, or else why the signature is no good one. */
export type SignatureCheck = { fingerprint: string } | { reason: string };

/**
 * Checks a detached signature of a file with gpgv, by the keys of a keyring and no others.
 * @param keyring as {@link publicKeysOf} gives it, or several behind each other
 * @throws CosaError `TOOL_MISSING` (exit 3)
 */
export async function checkDetachedSignature(
  path: string,
  signature: Uint8Array,
  keyring: Buffer,
  signal: AbortSignal,
): Promise<SignatureCheck> {
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
    return fingerprint === undefined ? { reason: reasonOf(stderr) } : { fingerprint };
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
