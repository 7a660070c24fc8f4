import { randomFillSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { run } from '../../../../src/exec/run.ts';
import { InvalidDatabaseError } from '../../../../src/packages/rpm/database/invalid.ts';
import { sqliteBlobs } from '../../../../src/packages/rpm/database/sqlite.ts';

const python = { name: 'python3', packages: { deb: 'python3', rpm: 'python3' }, purpose: 'writes SQLite databases' };

/** As rpm makes its table, and with one before and one behind it. */
const script = `
import json, sqlite3, sys
given = json.load(sys.stdin)
for item in given:
    database = sqlite3.connect(item["file"])
    database.execute("PRAGMA page_size = %d" % item["page"])
    database.execute("CREATE TABLE 'Other' (x INTEGER, y TEXT)")
    database.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    database.execute("CREATE INDEX 'Other_idx' ON 'Other'(y)")
    for number, size in enumerate(item["sizes"]):
        database.execute("INSERT INTO Packages VALUES (?, ?)", (3 * number + 1, bytes([number % 256]) * size))
        database.execute("INSERT INTO Other VALUES (?, 'x')", (number,))
    for number in item["removed"]:
        database.execute("DELETE FROM Packages WHERE hnum = ?", (3 * number + 1,))
    database.commit()
    database.close()
`;

let directory: string;
let sample: Buffer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
  [sample = Buffer.alloc(0)] = await written([{ page: 512, sizes: [10, 3000, 70], removed: [] }]);
});
afterAll(() => rm(directory, { recursive: true }));

interface Description {
  page: number;
  sizes: number[];
  removed: number[];
}

let count = 0;
async function written(items: readonly Description[]): Promise<Buffer[]> {
  const files = items.map((item) => ({ ...item, file: join(directory, `${count++}.sqlite`) }));
  await writeFile(join(directory, 'write.py'), script);
  await run(python, [join(directory, 'write.py')], { input: JSON.stringify(files) });
  return Promise.all(files.map(({ file }) => readFile(file)));
}

describe('a table of SQLite', () => {
  it('has the blobs that SQLite has written, of whatever size and number', async () => {
    const size = fc.oneof(fc.nat(600), fc.nat(70_000));
    const description = fc.record({
      page: fc.constantFrom(512, 1024, 4096, 65_536),
      sizes: fc.array(size, { maxLength: 120 }),
      removed: fc.uniqueArray(fc.nat(20), { maxLength: 5 }),
    });
    const items = fc.sample(description, { numRuns: 25, seed: 1 });
    const files = await written(items);
    for (const [index, { sizes, removed }] of items.entries()) {
      const expected = sizes
        .map((length, number) => ({ number, blob: Buffer.alloc(length, number % 256) }))
        .filter(({ number }) => !removed.includes(number))
        .map(({ blob }) => blob);
      const blobs = sqliteBlobs(files[index] as Buffer, 'Packages', 1);
      expect(blobs.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
      expect(Buffer.concat(blobs).equals(Buffer.concat(expected))).toBe(true);
    }
  });

  it('is refused in one way alone, whatever the bytes are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (changes) => {
          const bytes = Buffer.from(sample);
          for (const [at, byte] of changes) bytes[at] = byte;
          try {
            sqliteBlobs(bytes, 'Packages', 1);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidDatabaseError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  function changed(at: number, ...bytes: number[]): Buffer {
    const copy = Buffer.from(sample);
    copy.set(bytes, at);
    return copy;
  }

  /** The first page leads to itself, again and again. */
  function interior(): Buffer {
    const copy = changed(100, 5, 0, 0, 0, 100);
    for (let cell = 0; cell < 100; cell++) copy.writeUInt16BE(500, 112 + 2 * cell);
    copy.writeUInt32BE(1, 500);
    return copy;
  }

  test.each([
    ['nothing', () => Buffer.alloc(0), 'it is no SQLite database'],
    ['another format', () => randomFillSync(Buffer.alloc(4096)).fill(0, 0, 16), 'it is no SQLite database'],
    ['pages without a size', () => changed(16, 0, 0), 'its pages have no size'],
    ['pages that are all reserved', () => changed(20, 255), 'its pages have no size'],
    ['a root that is no table', () => changed(100, 2), 'page 1 is of no table'],
    ['more cells than fit', () => changed(103, 0xff, 0xff), 'page 1 is damaged'],
    ['a page that leads to itself', () => interior(), 'its pages lead to each other'],
    ['a file that is cut off', () => sample.subarray(0, 1024), 'it has no page 3'],
  ])('is refused: %s', (_, bytes, message) => {
    expect(() => sqliteBlobs(bytes(), 'Packages', 1)).toThrow(new InvalidDatabaseError(message));
  });

  it('is missed where it is not there', () => {
    expect(() => sqliteBlobs(sample, 'Absent', 1)).toThrow(new InvalidDatabaseError('it has no table Absent'));
  });
});
