import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decryptCosignKey } from '../../../src/oci/signatures/cosign-key.ts';
import {
  generateKeyPair,
  isSignedBy,
  keyHint,
  readSigningKey,
  readVerificationKey,
  signBytes,
} from '../../../src/oci/signatures/keys.ts';

const bytes = Buffer.from('what is signed');
const secret = async () => 'secret';
const nobody = () => Promise.reject(new Error('nobody shall be asked'));

/** Made by `skopeo generate-sigstore-key` 1.18, with the passphrase "secret". */
const skopeoKey = `-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiJxTU45RkRNbnR5YTkwakRFNjFBbEl4U0lSZ0VsNmpz
Y0hBS1lHMjAzTFlVPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJJZU4vcW9pUndqN05xcFRsd1g4a1lGdjJLRWU0M0kvYSJ9LCJj
aXBoZXJ0ZXh0IjoidWsrSC8xeDlqWkUvREJ1Vkd3SmthV3FmWUMxaW41WklkbE5E
Y1pqNlFmZG1JVVJSeUc5Qkhhd2Z4c1NNZWdiWEY0NlRUUFN3N0c0cjl2Uyt6cndX
Q0ZMV1JVQVdLbGhrU053dGJxajRGNXZjQjNWaTFKeXhqVlpHblpWdGduSy9ZQllE
NGFJK1NYTENMNkN5RWwyaUxlNkFaclpUNVhBNm4zTXlZOUx2djZEZzlUN3Mxb29C
dVduaWV5ZVI2M3I1OVJkT1RTNVdBQmsvM2c9PSJ9
-----END ENCRYPTED COSIGN PRIVATE KEY-----
`;
const skopeoPublicKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAED3YjGBtuxVaOUkA/dJ8s4KfQMOX9
CZ1+4CRzbhmRKq+t+XL0E7bzXGUpxV7V72he+Fr0WseTlXeRUwtI7cr/Ow==
-----END PUBLIC KEY-----
`;

const elliptic = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ellipticPublicKey = elliptic.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const rsaPublicKey = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();

describe('readSigningKey', () => {
  it.each([
    ['PKCS#8', elliptic.privateKey.export({ type: 'pkcs8', format: 'pem' }), ellipticPublicKey],
    ['SEC 1', elliptic.privateKey.export({ type: 'sec1', format: 'pem' }), ellipticPublicKey],
    ['RSA, PKCS#8', rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }), rsaPublicKey],
    ['RSA, PKCS#1', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }), rsaPublicKey],
  ])('reads a plain key, and asks for nothing: %s', async (_, pem, publicPem) => {
    const key = await readSigningKey(pem.toString(), 'release.key', nobody);
    expect(isSignedBy(readVerificationKey(publicPem, 'release.pub'), bytes, signBytes(key, bytes))).toBe(true);
  });

  const cipher = { cipher: 'aes-256-cbc', passphrase: 'secret', format: 'pem' } as const;
  it.each([
    ['PKCS#8', elliptic.privateKey.export({ ...cipher, type: 'pkcs8' }), ellipticPublicKey],
    ["OpenSSL's old way", elliptic.privateKey.export({ ...cipher, type: 'sec1' }), ellipticPublicKey],
    ["cosign's own", skopeoKey, skopeoPublicKey],
    ["cosign's newer name", skopeoKey.replaceAll('COSIGN', 'SIGSTORE'), skopeoPublicKey],
    ['with a text before it', `made in May\n${skopeoKey.replaceAll('\n', '\r\n')}`, skopeoPublicKey],
  ])('reads an encrypted key: %s', async (_, pem, publicPem) => {
    const key = await readSigningKey(pem.toString(), 'release.key', secret);
    expect(isSignedBy(readVerificationKey(publicPem, 'release.pub'), bytes, signBytes(key, bytes))).toBe(true);
    await expect(readSigningKey(pem.toString(), 'release.key', async () => 'Secret')).rejects.toMatchObject({
      code: 'KEY_PASSPHRASE',
      exitStatus: 2,
      message: 'the passphrase does not open the key release.key',
      hint: 'it is taken from $COSIGN_PASSWORD, or asked for on a terminal',
    });
  });

  const block = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
  const curve = (namedCurve: string) =>
    generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const unusable = 'the key release.key cannot be used: ';
  const unsupported = 'the key release.key is of a kind that is not in use for containers ';
  it.each([
    ['nothing', '', 'KEY_INVALID', `${unusable}there is no private key in it`],
    ['a public key', skopeoPublicKey, 'KEY_INVALID', `${unusable}there is no private key in it`],
    ['half a key', skopeoKey.slice(0, 200), 'KEY_INVALID', `${unusable}there is no private key in it`],
    ['garbage in PEM', block('PRIVATE KEY', 'AAAA'), 'KEY_INVALID', `${unusable}it cannot be decoded`],
    [
      'another kind',
      block('OPENSSH PRIVATE KEY', 'AAAA'),
      'KEY_INVALID',
      `${unusable}a "OPENSSH PRIVATE KEY" cannot sign`,
    ],
    [
      'garbage as a cosign key',
      block('ENCRYPTED COSIGN PRIVATE KEY', 'AAAA'),
      'KEY_INVALID',
      `${unusable}its encryption is not the one that cosign uses`,
    ],
    ['another curve', curve('secp384r1'), 'KEY_UNSUPPORTED', `${unsupported}(on the curve secp384r1)`],
    [
      'a short RSA key',
      generateKeyPairSync('rsa', { modulusLength: 1024 })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
      'KEY_UNSUPPORTED',
      `${unsupported}(RSA, 1024 bits)`,
    ],
    [
      'Ed25519',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'KEY_UNSUPPORTED',
      `${unsupported}(ed25519)`,
    ],
  ])('refuses %s', async (_, pem, code, message) => {
    await expect(readSigningKey(pem, 'release.key', secret)).rejects.toMatchObject({ code, message, exitStatus: 2 });
  });
});

describe('readVerificationKey', () => {
  it.each([
    ['nothing', '', 'the key release.pub cannot be used: there is no public key in it'],
    ['a private key', skopeoKey, 'the key release.pub cannot be used: there is no public key in it'],
    [
      'garbage in PEM',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
      'the key release.pub cannot be used: it cannot be decoded',
    ],
  ])('refuses %s', (_, pem, message) => {
    expect(() => readVerificationKey(pem, 'release.pub')).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message, exitStatus: 2 }),
    );
  });

  it('names a key as sigstore does', () => {
    // openssl pkey -pubin -outform DER | sha256sum
    expect(keyHint(readVerificationKey(skopeoPublicKey, 'release.pub'))).toBe(
      'nKVlaQqwvb3Qfgeci7RKA42duN89BND4h1jVIY93xBs=',
    );
  });
});

describe('isSignedBy', () => {
  it('is false for other bytes, and for what is no signature', async () => {
    const key = await readSigningKey(skopeoKey, 'release.key', secret);
    const signature = signBytes(key, bytes);
    expect(isSignedBy(key, Buffer.from('what is not'), signature)).toBe(false);
    for (const garbage of ['', 'short', 'x'.repeat(1000)])
      expect(isSignedBy(key, bytes, Buffer.from(garbage))).toBe(false);
    for (let length = 0; length < signature.length; length++) {
      expect(isSignedBy(key, bytes, signature.subarray(0, length))).toBe(false);
    }
  });
});

describe('generateKeyPair', () => {
  it('makes a pair that signs and verifies', async () => {
    const pair = await generateKeyPair('secret');
    const key = await readSigningKey(pair.privateKey, 'release.key', secret);
    const publicKey = readVerificationKey(pair.publicKey, 'release.pub');
    expect(isSignedBy(publicKey, bytes, signBytes(key, bytes))).toBe(true);
    expect(pair.privateKey).toMatch(/^-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n/);
  });
});

describe('decryptCosignKey', () => {
  const body = skopeoKey.split('\n').slice(1, -2).join('');
  const document = Buffer.from(body, 'base64').toString();

  it.each([
    ['a cost that only takes memory', '"N":65536', '"N":1073741824', 'expected one of 32768, 65536, 131072'],
    ['another derivation', '"scrypt"', '"argon2"', 'Invalid input: expected "scrypt"'],
    ['another cipher', '"nacl/secretbox"', '"rot13"', 'Invalid input: expected "nacl/secretbox"'],
    ['a short nonce', 'IeN/qoiRwj7NqpTlwX8kYFv2KEe43I/a', 'IeN/', 'expected 24 bytes of base64'],
    ['what is not base64', 'uk+H/', 'uk+H_', 'expected base64'],
  ])('refuses %s', async (_, from, to, message) => {
    await expect(decryptCosignKey(document.replace(from, to), 'secret')).rejects.toMatchObject({
      issues: [{ message }],
    });
  });

  it('finds a ciphertext that was changed', async () => {
    expect(await decryptCosignKey(document.replace('uk+H/', 'uk+I/'), 'secret')).toBeUndefined();
  });
});
