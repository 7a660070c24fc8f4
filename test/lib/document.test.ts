import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkDocument, type DocumentFault, faultText, parseDocument } from '../../src/lib/document.ts';
import { CosaError } from '../../src/lib/errors.ts';

const schema = z.strictObject({ name: z.string(), sizes: z.record(z.string().regex(/^[a-z]+$/, 'bad name'), z.int()) });

/** What is wrong with a text, as whoever reads it is told. */
function faultOf(text: string): DocumentFault {
  let fault: DocumentFault | undefined;
  try {
    parseDocument(schema, text, (found) => {
      fault = found;
      return new CosaError('CONFIG_VALUE', faultText(found, 'it '));
    });
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
  }
  if (fault === undefined) throw new Error('there is no fault');
  return fault;
}

describe('parseDocument', () => {
  it('gives what the schema makes of it', () => {
    const text = '{"name": "a", "sizes": {"b": 1}}';
    expect(parseDocument(schema, text, () => new CosaError('CONFIG_VALUE', ''))).toEqual({
      name: 'a',
      sizes: { b: 1 },
    });
  });

  it.each([
    ['{"name": "a",\n "sizes": }', 'it is not JSON', { line: 2, column: 11 }],
    ['{"name": "a"} {}', 'it is not JSON', { line: 1, column: 15 }],
    ['[]', 'Invalid input: expected object, received array', undefined],
    ['{"name": 1, "sizes": {}}', 'name: Invalid input: expected string, received number', undefined],
    ['{"name": "a", "sizes": {"b": "x"}}', 'sizes.b: Invalid input: expected number, received string', undefined],
    ['{"name": "a", "sizes": {"B": 1}}', 'sizes.B: bad name', undefined],
    [`${'['.repeat(101)}${']'.repeat(101)}`, 'it is nested more than 100 levels deep', undefined],
  ])('says of %j what is wrong and where', (text, message, position) => {
    const fault = faultOf(text);
    expect(faultText(fault, 'it ')).toBe(message);
    expect(fault.position).toEqual(position);
  });

  it('names a key that the schema does not know', () => {
    expect(faultOf('{"name": "a", "sizes": {}, "nmae": 1}').unknownKey).toBe('nmae');
  });

  it('never quotes a text that is no JSON: it may hold secrets', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{8}$/), (secret) => {
        const { cause, ...fault } = faultOf(`{"name": "${secret}" "sizes"`);
        expect(JSON.stringify(fault)).not.toContain(secret);
        expect(cause).toBeUndefined();
      }),
    );
  });
});

it('checkDocument checks what was parsed already, and keeps the reason', () => {
  const fail = (fault: DocumentFault) => new CosaError('CONFIG_VALUE', faultText(fault, 'it '), { cause: fault.cause });
  expect(() => checkDocument(schema, { name: 'a' }, fail)).toThrow(
    expect.objectContaining({ code: 'CONFIG_VALUE', cause: expect.any(z.ZodError) as unknown }),
  );
});
