import { randomBytes, scrypt } from 'node:crypto';
import { secretbox } from '@noble/ciphers/salsa.js';
import { z } from 'zod';
import { decodeBase64 } from '../../lib/base64.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';

// The encryption of cosign's private keys: scrypt and NaCl's secretbox in a JSON document.
// https://pkg.go.dev/github.com/secure-systems-lab/go-securesystemslib/encrypted

const saltBytes = 32;
const keyBytes = 32;
const nonceBytes = 24;

/** Of all versions of cosign, podman and skopeo, each reads this one. */
const ownCost = 32_768;
/** What implementations write. A document that asks for more would only cost memory. */
const knownCosts: readonly number[] = [ownCost, 65_536, 131_072];
const blockSize = 8;

const bytes = (length?: number) =>
  z.string().transform((text, context) => {
    const decoded = decodeBase64(text);
    if (decoded !== undefined && (length === undefined || decoded.length === length)) return decoded;
    context.addIssue({
      code: 'custom',
      message: `expected ${length === undefined ? '' : `${length} bytes of `}base64`,
    });
    return z.NEVER;
  });

const encryptedKey = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    params: z.object({
      N: z.int().refine((cost) => knownCosts.includes(cost), { error: `expected one of ${knownCosts.join(', ')}` }),
      r: z.literal(blockSize),
      p: z.literal(1),
    }),
    salt: bytes(saltBytes),
  }),
  cipher: z.object({ name: z.literal('nacl/secretbox'), nonce: bytes(nonceBytes) }),
  ciphertext: bytes(),
});

/**
 * Decrypts a key.
 * @param document the JSON inside the PEM block
 * @returns the key as PKCS#8 DER, `undefined` if the passphrase is another one
 * @throws ZodError or SyntaxError for a document that is none
 */
export async function decryptCosignKey(document: string, passphrase: string): Promise<Buffer | undefined> {
  const { kdf, cipher, ciphertext } = encryptedKey.parse(JSON.parse(document));
  const key = await derive(passphrase, kdf.salt, kdf.params.N);
  try {
    return Buffer.from(secretbox(key, cipher.nonce).open(ciphertext));
  } catch {
    // The library has one error for everything: the authentication tag does not match.
    return undefined;
  }
}

/**
 * Encrypts a key under a fresh salt and nonce.
 * @param key PKCS#8 DER
 * @returns the JSON for the PEM block
 */
export async function encryptCosignKey(key: Uint8Array, passphrase: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(nonceBytes);
  const box = secretbox(await derive(passphrase, salt, ownCost), nonce);
  return canonicalJson({
    kdf: { name: 'scrypt', params: { N: ownCost, r: blockSize, p: 1 }, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(box.seal(key)).toString('base64'),
  });
}

function derive(passphrase: string, salt: Uint8Array, cost: number): Promise<Buffer> {
  // What scrypt needs is 128 · N · r, and a little.
  const maxmem = 129 * cost * blockSize;
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, keyBytes, { N: cost, r: blockSize, p: 1, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
