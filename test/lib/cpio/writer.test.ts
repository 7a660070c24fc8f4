import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { encodeCpio, encodeCpioMember } from '../../../src/lib/cpio/writer.ts';

const archive = encodeCpio([
  { path: 'config.ign', permissions: 0o600, content: Buffer.from('{"ignition":{"version":"3.4.0"}}') },
  { path: 'etc/network/a b', permissions: 0o644, content: Buffer.from('one\n') },
  { path: 'etc/network/ü', permissions: 0o755, content: Buffer.alloc(0) },
]);

describe('a cpio archive that is written', () => {
  it('is listed by cpio, with a directory before what is in it, and owned by root', () => {
    const listing = execFileSync('cpio', ['-itv', '--numeric-uid-gid', '--quiet'], {
      input: archive,
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
    });
    const lines = listing.toString().trimEnd().split('\n');
    expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      '-rw------- 1 0 0 32 Jan 1 1970 config.ign',
      'drwxr-xr-x 1 0 0 0 Jan 1 1970 etc',
      'drwxr-xr-x 1 0 0 0 Jan 1 1970 etc/network',
      '-rw-r--r-- 1 0 0 4 Jan 1 1970 etc/network/a b',
      '-rwxr-xr-x 1 0 0 0 Jan 1 1970 etc/network/ü',
    ]);
  });

  it('is read by libarchive', () => {
    const content = execFileSync('bsdtar', ['-xOf', '-', 'etc/network/a b'], { input: archive });
    expect(content.toString()).toBe('one\n');
  });

  it('has the first member of a live root filesystem begin at byte 124', () => {
    for (const path of ['root.squashfs', 'root.erofs']) {
      expect(encodeCpioMember({ path, type: 'file', permissions: 0o644, size: 0xffffffff })).toHaveLength(124);
    }
  });

  it.each([
    ['', 'cpio: "" cannot be the name of a member'],
    ['TRAILER!!!', 'cpio: "TRAILER!!!" cannot be the name of a member'],
    ['a\0b', 'cpio: "a\\u0000b" cannot be the name of a member'],
    ['x'.repeat(4096), `cpio: "${'x'.repeat(60)}…" cannot be the name of a member`],
  ])('has no member of the name %j', (path, message) => {
    expect(() => encodeCpioMember({ path, type: 'file', permissions: 0o644, size: 0 })).toThrow(
      expect.objectContaining({ code: 'CPIO_MEMBER', exitStatus: 1, message }),
    );
  });

  it('has no member of 4 GiB', () => {
    expect(() => encodeCpioMember({ path: 'root.img', type: 'file', permissions: 0o644, size: 2 ** 32 })).toThrow(
      expect.objectContaining({
        code: 'CPIO_MEMBER',
        message: 'cpio: "root.img" has 4294967296 bytes; a member is smaller than 4 GiB',
      }),
    );
  });
});
