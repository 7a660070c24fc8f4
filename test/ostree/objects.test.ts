import { describe, expect, it } from 'vitest';
import { decodeVariant } from '../../src/ostree/gvariant.ts';
import { commitObject, commitType, contentHash, dirmetaObject, dirtreeObject } from '../../src/ostree/objects.ts';

const metadata = { uid: 0, gid: 0, mode: 0o100644, xattrs: [] };
const none = '0'.repeat(64);

// Checksums as the ostree command writes them.
describe('ostree objects', () => {
  it('names a directory of root with mode 0755 as every ostree repository does', () => {
    expect(dirmetaObject({ ...metadata, mode: 0o40755 }).checksum).toBe(
      '446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488',
    );
  });

  it('names an empty directory as every ostree repository does', () => {
    expect(dirtreeObject({ files: [], directories: [] }).checksum).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
  });

  it('counts a directory’s xattrs, in whatever order they come', () => {
    const xattrs = [
      { name: 'user.b', value: Buffer.from('2') },
      { name: 'user.a', value: Buffer.from('1') },
    ];
    const directory = { ...metadata, mode: 0o40755, xattrs };
    expect(dirmetaObject({ ...directory, xattrs: xattrs.toReversed() })).toEqual(dirmetaObject(directory));
    expect(dirmetaObject({ ...directory, xattrs: [{ name: 'user.aaa', value: Buffer.from('bar') }] }).checksum).toBe(
      '955606a1de2b7bdee520e3a8e0a5922bd96a5d4196ad3d44493106577bc2d9c6',
    );
  });

  it('sorts names by their UTF-8 bytes, not by UTF-16 units', () => {
    const files = ['\u{ff5e}', '\u{1f600}', 'z', 'Z'].map((name) => ({ name, checksum: none }));
    const { bytes } = dirtreeObject({ files, directories: [] });
    const order = ['Z', 'z', '\u{ff5e}', '\u{1f600}'].map((name) => bytes.indexOf(`${name}\0`));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  it('writes a commit whose parts can be read again', () => {
    const root = { dirtree: '11'.repeat(32), dirmeta: '22'.repeat(32) };
    const options = { subject: 'S', body: 'B', timestamp: 1_700_000_000, metadata: { version: '1.0', a: true } };
    const { bytes, checksum } = commitObject(root, options);
    const [dictionary, parent, related, subject, body, timestamp, dirtree, dirmeta] = decodeVariant(commitType, bytes);
    expect(dictionary.map(([name, { signature }]) => [name, signature])).toEqual([
      ['a', 'b'],
      ['version', 's'],
    ]);
    expect([parent.length, related.length, subject, body, timestamp]).toEqual([0, 0, 'S', 'B', 1_700_000_000n]);
    expect([dirtree, dirmeta]).toEqual([Buffer.from(root.dirtree, 'hex'), Buffer.from(root.dirmeta, 'hex')]);
    expect(commitObject(root, { ...options, metadata: { a: true, version: '1.0' } }).checksum).toBe(checksum);
  });

  it('gives the same content with another owner, mode, xattr or target another name', () => {
    const names = [
      contentHash(metadata, ''),
      contentHash({ ...metadata, uid: 1 }, ''),
      contentHash({ ...metadata, gid: 1 }, ''),
      contentHash({ ...metadata, mode: 0o100755 }, ''),
      contentHash({ ...metadata, xattrs: [{ name: 'user.a', value: Buffer.alloc(0) }] }, ''),
      contentHash({ ...metadata, mode: 0o120777 }, 'target'),
    ].map((hash) => hash.update('content').digest('hex'));
    expect(new Set(names).size).toBe(names.length);
  });
});
