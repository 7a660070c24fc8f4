import { resolve } from 'node:path';
import { CosaError, usageError } from '../../lib/errors.ts';
import { readText } from '../../lib/text-file.ts';
import { readSigningKey, readVerificationKey, type SigningKey, type VerificationKey } from './keys.ts';

/** Bytes; a key is some kilobytes. */
const maximumKeyBytes = 64 * 1024;

/**
 * Reads a public key from a file.
 * @throws CosaError `KEY_MISSING`, `KEY_INVALID`, `KEY_UNSUPPORTED` (exit 2)
 */
export async function readKeyFile(path: string): Promise<VerificationKey> {
  return readVerificationKey(await readKeyText(path), path);
}

/**
 * Reads a private key from a file.
 * @param directory where a relative path starts
 * @param passphrase asked only if the key is encrypted
 * @throws CosaError `KEY_MISSING`, and what `readSigningKey` throws (exit 2)
 */
export async function readSigningKeyFile(
  directory: string,
  { key, passphrase }: { key: string; passphrase: () => Promise<string> },
): Promise<SigningKey> {
  const path = resolve(directory, key);
  return readSigningKey(await readKeyText(path), path, passphrase);
}

/**
 * The text of a key's file.
 * @throws CosaError `KEY_MISSING`, as {@link readText} (exit 2)
 */
async function readKeyText(path: string): Promise<string> {
  try {
    return await readText(path, maximumKeyBytes);
  } catch (cause) {
    if (cause instanceof CosaError) throw cause;
    throw usageError('KEY_MISSING', `the key ${path} cannot be read`, { cause });
  }
}
