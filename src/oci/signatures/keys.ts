import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { sha256Hex } from '../../lib/digest.ts';
import { type CosaError, usageError } from '../../lib/errors.ts';
import { decryptCosignKey, encryptCosignKey } from './cosign-key.ts';

/** A key that signatures are checked with. */
export interface VerificationKey {
  /** Names it in messages: a file. */
  name: string;
  publicKey: KeyObject;
}

/** A key that signs. */
export interface SigningKey extends VerificationKey {
  privateKey: KeyObject;
}

/** Base64 of 8192-bit RSA signatures, the longest that are accepted, is much shorter. */
export const maximumSignatureCharacters = 4096;

const minimumRsaBits = 2048;
const maximumRsaBits = 8192;

const cosignLabels: readonly string[] = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'];
const privateLabels: readonly string[] = ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'];
const publicLabels: readonly string[] = ['PUBLIC KEY', 'RSA PUBLIC KEY'];

/**
 * Reads a private key: PKCS#8, plain or encrypted, SEC 1, PKCS#1, or cosign's own format.
 * @param pem the file's content
 * @param name names the key in messages: its file
 * @param passphrase asked only if the key is encrypted
 * @throws CosaError `KEY_INVALID`, `KEY_UNSUPPORTED`, `KEY_PASSPHRASE` (exit 2), what `passphrase` throws
 */
export async function readSigningKey(
  pem: string,
  name: string,
  passphrase: () => Promise<string>,
): Promise<SigningKey> {
  const block = pemBlocks(pem).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw invalid(name, 'there is no private key in it');
  const privateKey = cosignLabels.includes(block.label)
    ? await readCosignKey(block, name, passphrase)
    : await readOtherKey(block, name, passphrase);
  return { name, privateKey, publicKey: supported(createPublicKey(privateKey), name) };
}

/**
 * Reads a public key.
 * @throws CosaError `KEY_INVALID`, `KEY_UNSUPPORTED` (exit 2)
 */
export function readVerificationKey(pem: string, name: string): VerificationKey {
  const block = pemBlocks(pem).find(({ label }) => publicLabels.includes(label));
  if (block === undefined) throw invalid(name, 'there is no public key in it');
  let key: KeyObject;
  try {
    key = createPublicKey(block.text);
  } catch (cause) {
    throw invalid(name, 'it cannot be decoded', cause);
  }
  return { name, publicKey: supported(key, name) };
}

/**
 * Makes a key pair as cosign does: ECDSA on P-256.
 * @returns PEM, the private key in cosign's format
 */
export async function generateKeyPair(passphrase: string): Promise<{ privateKey: string; publicKey: string }> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const document = await encryptCosignKey(pair.privateKey.export({ type: 'pkcs8', format: 'der' }), passphrase);
  return {
    // The older of the two names: every version of cosign, podman and skopeo knows it.
    privateKey: pemText('ENCRYPTED COSIGN PRIVATE KEY', Buffer.from(document)),
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Signs bytes: ECDSA in DER or RSA PKCS#1 v1.5, with SHA-256. */
export function signBytes({ privateKey }: SigningKey, bytes: Uint8Array): Buffer {
  return sign('sha256', bytes, privateKey);
}

/** True if the key made the signature over these bytes. */
export function isSignedBy({ publicKey }: VerificationKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify('sha256', bytes, publicKey, signature);
}

/** The name that sigstore gives a public key: base64 of the sha256 of its DER form. */
export function keyHint({ publicKey }: VerificationKey): string {
  return Buffer.from(sha256Hex(publicKey.export({ type: 'spki', format: 'der' })), 'hex').toString('base64');
}

interface PemBlock {
  label: string;
  /** The whole block. */
  text: string;
  /** What is between the lines. */
  body: string;
}

function pemBlocks(text: string): PemBlock[] {
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n([\s\S]*?)-----END \1-----/g);
  return [...blocks].map(([block, label = '', body = '']) => ({ label, text: block, body }));
}

function pemText(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

async function readCosignKey({ body }: PemBlock, name: string, passphrase: () => Promise<string>): Promise<KeyObject> {
  const document = Buffer.from(body, 'base64').toString();
  const secret = await passphrase();
  let key: Buffer | undefined;
  try {
    key = await decryptCosignKey(document, secret);
  } catch (cause) {
    throw invalid(name, 'its encryption is not the one that cosign uses', cause);
  }
  if (key === undefined) throw wrongPassphrase(name);
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw invalid(name, 'it cannot be decoded', cause);
  }
}

async function readOtherKey(block: PemBlock, name: string, passphrase: () => Promise<string>): Promise<KeyObject> {
  if (!privateLabels.includes(block.label)) throw invalid(name, `a "${block.label}" cannot sign`);
  // The second is OpenSSL's old way to encrypt SEC 1 and PKCS#1 keys.
  const encrypted = block.label.startsWith('ENCRYPTED') || block.body.includes('ENCRYPTED');
  const secret = encrypted ? { passphrase: await passphrase() } : {};
  try {
    return createPrivateKey({ key: block.text, format: 'pem', ...secret });
  } catch (cause) {
    throw encrypted ? wrongPassphrase(name, cause) : invalid(name, 'it cannot be decoded', cause);
  }
}

/** Only keys for which cosign, podman and skopeo agree on the digest: of others, one would refuse what the other made. */
function supported(key: KeyObject, name: string): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: { namedCurve, modulusLength = 0 } = {} } = key;
  if (type === 'ec' && namedCurve === 'prime256v1') return key;
  if (type === 'rsa' && modulusLength >= minimumRsaBits && modulusLength <= maximumRsaBits) return key;
  const found = type === 'ec' ? `on the curve ${namedCurve}` : type === 'rsa' ? `RSA, ${modulusLength} bits` : type;
  throw usageError('KEY_UNSUPPORTED', `the key ${name} is of a kind that is not in use for containers (${found})`, {
    hint: `use ECDSA on P-256, or RSA with ${minimumRsaBits} to ${maximumRsaBits} bits`,
  });
}

function invalid(name: string, reason: string, cause?: unknown): CosaError {
  return usageError('KEY_INVALID', `the key ${name} cannot be used: ${reason}`, {
    hint: 'keys are PEM files: make a pair with "cosa sign --generate-key PREFIX" or "cosign generate-key-pair"',
    cause,
  });
}

function wrongPassphrase(name: string, cause?: unknown): CosaError {
  return usageError('KEY_PASSPHRASE', `the passphrase does not open the key ${name}`, {
    hint: 'it is taken from $COSIGN_PASSWORD, or asked for on a terminal',
    cause,
  });
}
