import { describe, expect, it } from 'vitest';
import { grubFinder, isVendorDirectory } from '../../src/contract/grub-program.ts';

function found(program: Buffer, size = program.length) {
  const finder = grubFinder();
  for (let at = 0; at < program.length; at += size) finder.write(program.subarray(at, at + size));
  return { readsEntries: finder.readsEntries(), vendor: finder.vendor() };
}

const filler = (size: number) => Buffer.alloc(size, 'b');

describe('a GRUB for UEFI', () => {
  it.each([1, 3, 7, 1000])('tells its command and its directory in pieces of %d bytes', (size) => {
    const program = [filler(101), 'blscfg\0', filler(50), '/EFI/fedora\0', filler(9)].map((part) => Buffer.from(part));
    expect(found(Buffer.concat(program), size)).toEqual({ readsEntries: true, vendor: 'fedora' });
  });

  it.each([
    ['has another word', ['bls', 'cf\0g', 'blscfgs'], false, undefined],
    ['names the directory of kernels as well', ['/EFI/Linux\0', 'x', '/EFI/centos\0'], false, 'centos'],
    ['names the directory of kernels behind its own', ['/EFI/rocky\0', '/EFI/Linux\0'], false, 'rocky'],
    ['names paths that go on', ['/EFI/fedora/grub.cfg\0'], false, undefined],
    ['names the way up', ['/EFI/..\0', '/EFI/a b\0'], false, undefined],
    ['was made for the directory of firmware', ['/EFI/BOOT\0'], false, 'BOOT'],
    ['has a name longer than directories of vendors', [`/EFI/${'x'.repeat(33)}\0`], false, undefined],
  ])('%s', (_what, parts, readsEntries, vendor) => {
    expect(found(Buffer.from(parts.join('')))).toEqual({ readsEntries, vendor });
  });
});

it.each([
  ['fedora', true],
  ['almalinux', true],
  ['BOOT', false],
  ['Boot', false],
  ['..', false],
  ['a:b', false],
  ['', false],
])('a directory %j is that of a vendor: %s', (name, isVendor) => {
  expect(isVendorDirectory(name)).toBe(isVendor);
});
