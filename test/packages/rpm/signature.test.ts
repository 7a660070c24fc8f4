import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signRpm } from '../../../scripts/rpm-building.ts';
import { publicKeysOf } from '../../../src/exec/tools/gpgv.ts';
import { reasonOf, type SignatureVerdict } from '../../../src/exec/tools/gpgv-status.ts';
import { signatureTag, tag } from '../../../src/packages/rpm/header/tags.ts';
import { readRpmParts } from '../../../src/packages/rpm/header.ts';
import { checkRpmSignatures } from '../../../src/packages/rpm/signature.ts';
import { type GpgKeyring, gpgKeyring } from '../../helpers/gpg-keyring.ts';
import { buildRpm } from '../../helpers/rpm-packages.ts';
import { encodeHeader, encodeRpm, type TestValue, withMagic } from './header-writer.ts';

let directory: string;
let keyring: GpgKeyring;
let file: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-signature-'));
  keyring = await gpgKeyring();
  file = await buildRpm({ name: 'tool' }, directory);
});
afterAll(async () => {
  await keyring[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function check(path: string, by = keyring): Promise<SignatureVerdict> {
  const keys = publicKeysOf(Buffer.from(await by.publicKeys())) ?? Buffer.alloc(0);
  const [verdict] = await checkRpmSignatures([path], keys, new AbortController().signal);
  return verdict ?? { kind: 'none' };
}

async function written(bytes: Buffer): Promise<string> {
  const path = join(directory, 'written.rpm');
  await writeFile(path, bytes);
  return path;
}

describe('a package of rpmbuild', () => {
  test('is signed when rpmsign has signed it, and not before', async () => {
    expect(await check(file)).toEqual({ kind: 'none' });
    await signRpm(file, keyring);
    expect(await check(file)).toMatchObject({ kind: 'good' });
  });

  test('is signed by a key that has expired since, and not by one that is revoked', async () => {
    const old = await gpgKeyring({ made: '20200101T000000', end: '2021-01-01' });
    try {
      const path = await written(await readFile(file));
      await old.setTime('20200601T000000');
      await signRpm(path, old);
      expect(await check(path, old)).toMatchObject({ kind: 'good' });
      await old.revoke();
      expect(reasonOf(await check(path, old))).toMatch(/^the key [0-9A-F]{40} is revoked$/);
    } finally {
      await old[Symbol.asyncDispose]();
    }
  });

  test('does not count with any byte that is another, from its header on', async () => {
    const bytes = await readFile(file);
    const { begin } = await readRpmParts(file);
    const changed = fc.tuple(fc.integer({ min: begin, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(changed, async ([at, difference]) => {
        const path = await written(Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ difference : byte))));
        expect((await check(path)).kind).not.toBe('good');
      }),
      { numRuns: 25 },
    );
    expect((await check(await written(bytes.subarray(0, bytes.length - 1)))).kind).toBe('bad');
  });
});

describe('a package of another rpm', () => {
  const payload = Buffer.from('payload');
  const plain: readonly (readonly [number, TestValue])[] = [[tag.name, { type: 'text', values: ['old'] }]];
  const withDigest = encodeHeader([
    ...plain,
    [tag.payloadDigest, { type: 'texts', values: [createHash('sha256').update(payload).digest('hex')] }],
    [tag.payloadDigestAlgorithm, { type: 'int32', values: [8] }],
  ]);
  const old = encodeHeader(plain);

  async function signatureOf(bytes: Buffer): Promise<Buffer> {
    const path = join(directory, 'signature');
    await rm(path, { force: true });
    await keyring.gpg(['--detach-sign', '--output', path], bytes);
    return readFile(path);
  }

  test('is signed with header and payload in one, if it is old', async () => {
    const both = await signatureOf(Buffer.concat([withMagic(old), payload]));
    const values: [number, TestValue][] = [[signatureTag.pgp, { type: 'bytes', values: both }]];
    expect(await check(await written(encodeRpm(old, payload, values)))).toMatchObject({ kind: 'good' });
    expect(await check(await written(encodeRpm(old, Buffer.from('another'), values)))).toMatchObject({ kind: 'bad' });
  });

  test('is not signed where its header alone is, which tells nothing of the payload', async () => {
    const headerOnly = await signatureOf(withMagic(old));
    const values: [number, TestValue][] = [[signatureTag.headerRsa, { type: 'bytes', values: headerOnly }]];
    expect(reasonOf(await check(await written(encodeRpm(old, payload, values))))).toBe(
      'nothing that is signed tells what its payload is',
    );
  });

  test('is signed in texts of base64, if it is of rpm 6', async () => {
    const text = (await signatureOf(withMagic(withDigest))).toString('base64');
    const values: [number, TestValue][] = [[signatureTag.headerOpenPgp, { type: 'texts', values: [text] }]];
    expect(await check(await written(encodeRpm(withDigest, payload, values)))).toMatchObject({ kind: 'good' });
  });

  test.each<[string, Buffer, string]>([
    ['no package', Buffer.from('<html>'), 'it is cut off'],
    ['a header without an end', encodeRpm(old).subarray(0, 150), 'it is cut off'],
  ])('is no good as %s', async (_, bytes, reason) => {
    expect(reasonOf(await check(await written(bytes)))).toBe(reason);
  });
});
