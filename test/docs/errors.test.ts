import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errorReference } from '../../scripts/error-reference.ts';
import { errorCodes } from '../../src/lib/error-codes.ts';
import { CosaError, usageError, verificationError } from '../../src/lib/errors.ts';
import { exitStatus } from '../../src/lib/exit-status.ts';

it('docs/errors.md is what npm run docs writes', () => {
  expect(readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')).toBe(errorReference());
});

it('every code is one that the source gives', () => {
  const source = new URL('../../src/', import.meta.url);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ts$/.test(name));
  const texts = files
    .filter((name) => name !== 'lib/error-codes.ts')
    .map((name) => readFileSync(new URL(name, source), 'utf8'));
  const words = new Set(texts.flatMap((text) => text.match(/'[A-Z][A-Z0-9_]*'|_[A-Z_]+`/g) ?? []));
  // What can go wrong with a peer: the source writes the ends.
  const isGiven = (code: string) => {
    const end = code.replace(/^(?:REGISTRY|MIRROR|SERVER|STORE)_/, '');
    return words.has(`'${code}'`) || (end !== code && (words.has(`'${end}'`) || words.has(`_${end}\``)));
  };
  expect(Object.keys(errorCodes).filter((code) => !isGiven(code))).toEqual([]);
});

it('a code that is not in the list is a type error', () => {
  // @ts-expect-error a misspelt code
  expect(() => new CosaError('BLOB_MISING', 'it is gone')).toThrow(TypeError);
});

it('an error has the exit status of its code', () => {
  expect(new CosaError('TOOL_MISSING', 'there is no qemu').exitStatus).toBe(3);
  expect(new CosaError('BLOB_MISSING', 'it is gone').exitStatus).toBe(4);
});

it('gives each code one exit status, whoever makes the error', () => {
  // @ts-expect-error its exit status is that of a damaged container, and not of a wrong command line
  expect(usageError('BLOB_MISSING', '').exitStatus).toBe(exitStatus.verification);
  // @ts-expect-error the other way round
  expect(verificationError('TAG_UNKNOWN', '').exitStatus).toBe(exitStatus.usage);
});
