import { readFile } from 'node:fs/promises';
import { checkDetachedSignature, publicKeysOf } from '../../exec/tools/gpgv.ts';
import { reasonOf } from '../../exec/tools/gpgv-status.ts';
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
  const keyring = bytes.length > mostKeyringBytes ? undefined : publicKeysOf(bytes);
  if (keyring !== undefined) return keyring;
  throw usageError('KEYRING_INVALID', `${path} holds no public key of OpenPGP`, {
    hint: 'write it with gpg --export KEY > FILE',
  });
}

/**
 * Checks a detached signature of a file, by the keys of a keyring and no others.
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
  const checked = await checkDetachedSignature({ signature, data: path }, keyring, signal);
  if (checked.kind === 'good') return checked.fingerprint;
  throw verificationError('DOWNLOAD_SIGNATURE', `${address} is no good signature: ${reasonOf(checked)}`, {
    hint: 'the file or the signature was changed, or the keyring is not that of who publishes it',
  });
}
