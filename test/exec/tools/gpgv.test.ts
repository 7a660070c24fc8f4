import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDetachedSignature, publicKeysOf } from '../../../src/exec/tools/gpgv.ts';
import { reasonOf } from '../../../src/exec/tools/gpgv-status.ts';
import { type GpgKeyring, gpgKeyring } from '../../helpers/gpg-keyring.ts';

const data = Buffer.from('what is signed');

async function sign({ home, gpg }: GpgKeyring, ...options: string[]): Promise<Buffer> {
  const path = join(home, 'signature');
  await rm(path, { force: true });
  await gpg(['--detach-sign', ...options, '--output', path], data);
  return readFile(path);
}

/** Why a signature does not count, or `undefined`. Numbers of keys are `KEY`. */
async function reason(
  signature: Uint8Array,
  keys: string,
  of: Uint8Array | string = data,
): Promise<string | undefined> {
  const keyring = publicKeysOf(Buffer.from(keys)) ?? Buffer.alloc(0);
  const verdict = await checkDetachedSignature({ signature, data: of }, keyring, new AbortController().signal);
  return reasonOf(verdict)?.replace(/\b[0-9A-Fa-f]{16,}\b/, 'KEY');
}

describe('a signature', () => {
  let keyring: GpgKeyring;
  let stranger: GpgKeyring;
  beforeAll(async () => {
    [keyring, stranger] = await Promise.all([gpgKeyring(), gpgKeyring()]);
  });
  afterAll(async () => {
    await keyring[Symbol.asyncDispose]();
    await stranger[Symbol.asyncDispose]();
  });

  test('counts by a key that is trusted, whether it is of bytes or of a file', async () => {
    const signature = await sign(keyring);
    const keys = await keyring.publicKeys();
    const path = join(keyring.home, 'data');
    await writeFile(path, data);
    expect(await reason(signature, keys)).toBeUndefined();
    expect(await reason(signature, keys, path)).toBeUndefined();
    expect(await reason(await sign(keyring, '--armor'), keys)).toBeUndefined();
    expect(await reason(signature, keys, Buffer.from('something else'))).toBe(
      'something else was signed by the key KEY',
    );
    // Who signs with two keys has users who know one of them; and nothing that is wrong is outweighed by what is right.
    const both = Buffer.concat([await sign(stranger), signature]);
    expect(await reason(both, keys)).toBeUndefined();
    expect(await reason(await sign(stranger), keys)).toBe(
      'it is by the key KEY, which is not among those that are trusted',
    );
    expect(await reason(both, `${keys}${await stranger.publicKeys()}`, Buffer.from('x'))).toBe(
      'something else was signed by the key KEY',
    );
  });

  test.each([
    ['nothing', ''],
    ['a page', '<html>not found</html>'],
    ['a message', '-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n'],
  ])('is none that is %s', async (_, text) => {
    expect(await reason(Buffer.from(text), await keyring.publicKeys())).toBe('it is no signature');
  });

  test('does not count by a hash that proves nothing', async () => {
    const keys = await keyring.publicKeys();
    expect(await reason(await sign(keyring, '--digest-algo', 'SHA1'), keys)).toBe(
      'it is made of a hash by SHA-1, which proves nothing',
    );
  });

  test('does not count with an end of its own that has come', async () => {
    const old = await gpgKeyring({ made: '20200101T000000' });
    try {
      const signature = await sign(old, '--default-sig-expire', '2020-02-01');
      expect(await reason(signature, await old.publicKeys())).toBe(
        'what the key KEY has signed was to expire, and has',
      );
    } finally {
      await old[Symbol.asyncDispose]();
    }
  });
});

describe('a key', () => {
  test('counts for what was signed before it expired, whatever the clock says', async () => {
    const keyring = await gpgKeyring({ made: '20200101T000000', end: '2021-01-01' });
    try {
      await keyring.setTime('20200601T000000');
      const before = await sign(keyring);
      expect(await reason(before, await keyring.publicKeys())).toBeUndefined();
      // gpg signs with no key that has expired: it is given another end, and the first is what people have.
      const keys = await keyring.publicKeys();
      await keyring.gpg(['--quick-set-expire', await fingerprint(keyring), 'never']);
      await keyring.setTime('20210601T000000');
      const after = await sign(keyring);
      expect(await reason(after, keys)).toBe('it was made after the key KEY had expired');
      expect(await reason(after, await keyring.publicKeys())).toBeUndefined();
      await keyring.setTime('20990101T000000');
      expect(await reason(await sign(keyring), await keyring.publicKeys())).toBeUndefined();
    } finally {
      await keyring[Symbol.asyncDispose]();
    }
  });

  test('that signs for another is judged by its own end, not by that of its sisters', async () => {
    const keyring = await gpgKeyring({ made: '20100101T000000' });
    try {
      const main = await fingerprint(keyring);
      await keyring.gpg(['--quick-add-key', main, 'ed25519', 'sign', '2012-01-01']);
      await keyring.setTime('20120101T000000');
      await keyring.gpg(['--quick-add-key', main, 'ed25519', 'sign', '2015-01-01']);
      await keyring.setTime('20140101T000000');
      const listed = await keyring.gpg(['--with-colons', '--list-keys']);
      const sister = [...listed.matchAll(/^fpr:+([0-9A-F]+):/gm)][2]?.[1] ?? '';
      const signature = await sign(keyring, '--local-user', `${sister}!`);
      expect(await reason(signature, await keyring.publicKeys())).toBeUndefined();
    } finally {
      await keyring[Symbol.asyncDispose]();
    }
  });

  test('that is revoked counts for nothing, not even for what was signed before', async () => {
    const keyring = await gpgKeyring();
    try {
      const signature = await sign(keyring);
      await keyring.revoke();
      expect(await reason(signature, await keyring.publicKeys())).toBe('the key KEY is revoked');
    } finally {
      await keyring[Symbol.asyncDispose]();
    }
    const old = await gpgKeyring({ made: '20200101T000000', end: '2021-01-01' });
    try {
      const signature = await sign(old);
      await old.revoke();
      expect(await reason(signature, await old.publicKeys())).toBe('the key KEY is revoked');
    } finally {
      await old[Symbol.asyncDispose]();
    }
  });
});

async function fingerprint({ gpg }: GpgKeyring): Promise<string> {
  return /^fpr:+([0-9A-F]+):/m.exec(await gpg(['--with-colons', '--list-keys']))?.[1] ?? '';
}
