import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { digestFile, digestHex, digestOf, isDigest, parseDigest } from '../../src/lib/digest.ts';

const emptyHex = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

it('knows the digest of nothing', () => {
  expect(digestOf('')).toBe(`sha256:${emptyHex}`);
  expect(digestHex(digestOf(''))).toBe(emptyHex);
});

it.each([
  '',
  'sha256:',
  emptyHex,
  `sha256:${emptyHex.toUpperCase()}`,
  `sha512:${emptyHex}`,
  `sha256:${emptyHex}0`,
  `sha256:${emptyHex}\n`,
])('refuses %j', (text) => {
  expect(isDigest(text)).toBe(false);
  expect(() => parseDigest(text)).toThrow(`"${text}" is not a digest: expected sha256: and 64 hexadecimal digits`);
});

it('gives digest and size of a file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-digest-'));
  try {
    const content = Buffer.alloc(3_000_000, 'x');
    await writeFile(join(directory, 'file'), content);
    expect(await digestFile(join(directory, 'file'))).toEqual({ digest: digestOf(content), size: content.length });
  } finally {
    await rm(directory, { recursive: true });
  }
});
