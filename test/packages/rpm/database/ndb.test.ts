import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { InvalidDatabaseError } from '../../../../src/packages/rpm/database/invalid.ts';
import { ndbBlobs } from '../../../../src/packages/rpm/database/ndb.ts';

/** A file of one page of slots and the blobs behind it, in an order that is not theirs. */
function encode(blobs: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(4096);
  head.write('RpmP', 'latin1');
  head.writeUInt32LE(1, 12);
  const parts: Buffer[] = [];
  let length = head.length;
  for (const [index, blob] of [...blobs.entries()].reverse()) {
    const part = Buffer.alloc(Math.ceil((blob.length + 28) / 16) * 16);
    part.write('BlbS', 'latin1');
    part.writeUInt32LE(index + 1, 4);
    part.writeUInt32LE(blob.length, 12);
    blob.copy(part, 16);
    const slot = 32 + 16 * (2 * index + 1);
    head.write('Slot', slot, 'latin1');
    for (const [field, number] of [index + 1, length / 16, part.length / 16].entries()) {
      head.writeUInt32LE(number, slot + 4 + 4 * field);
    }
    parts.push(part);
    length += part.length;
  }
  return Buffer.concat([head, ...parts]);
}

describe('a database of ndb', () => {
  it('has the blobs in the order of their numbers', () => {
    const blobs = fc.array(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      { maxLength: 20 },
    );
    fc.assert(fc.property(blobs, (given) => void expect(ndbBlobs(encode(given))).toEqual(given)));
  });

  const sample = encode([Buffer.from('one'), Buffer.from('two')]);
  function changed(at: number, number: number): Buffer {
    const copy = Buffer.from(sample);
    copy.writeUInt32LE(number, at);
    return copy;
  }

  test.each([
    ['nothing', Buffer.alloc(0), 'it is no ndb database'],
    ['another format', Buffer.alloc(4096), 'it is no ndb database'],
    ['more pages than there are', changed(12, 0xffffffff), 'it is cut off'],
    ['a blob behind the end', changed(56, 0x0fffffff), 'it is cut off'],
    ['a blob longer than the file', changed(4096 + 12, 0x7fffffff), 'it is cut off'],
    ['a blob of another number', changed(4096 + 4, 7), 'package 2 is damaged'],
  ])('is refused: %s', (_, bytes, message) => {
    expect(() => ndbBlobs(bytes)).toThrow(new InvalidDatabaseError(message));
  });

  it('is read or refused, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { minLength: 1 }), (changes) => {
        const bytes = Buffer.from(sample);
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          ndbBlobs(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidDatabaseError);
        }
      }),
    );
  });
});
