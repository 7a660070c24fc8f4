import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BaseDisk } from '../../../src/disk/base-disk/types.ts';
import { kernelContent, liveInitramfs } from '../../../src/disk/live/initramfs.ts';
import { sparseDisk } from '../../helpers/sparse-disk.ts';
import { memorySink } from './memory-sink.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'cosa-initramfs-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const kernelRelease = '6.12.0-test';
const unit = 65536;

/** What of a base disk is asked for: the kernel in two stretches, and an initramfs of so many bytes. */
function baseWith(initramfsBytes: number): BaseDisk {
  const initramfs = Buffer.alloc(initramfsBytes, 'initramfs ');
  const source = sparseDisk(16 * unit, [
    { position: unit, bytes: Buffer.from('of the kernel') },
    { position: 4 * unit, bytes: Buffer.from('The rest ') },
    { position: 8 * unit, bytes: initramfs },
  ]);
  const file = (path: string, ...extents: [number, number][]) => {
    const stretches = extents.map(([offset, length]) => ({ offset, length }));
    return { path, size: stretches.reduce((sum, { length }) => sum + length, 0), extents: stretches };
  };
  const bootFiles = [
    file(`vmlinuz-${kernelRelease}`, [4 * unit, 9], [unit, 13]),
    file(`initramfs-${kernelRelease}.img`, [8 * unit, initramfsBytes]),
  ];
  return { kernelRelease, container: { version: '13.0' }, bootFiles, source } as unknown as BaseDisk;
}

async function bytesOf(content: ReturnType<typeof kernelContent>): Promise<Buffer> {
  const sink = memorySink();
  await content.appendTo(sink);
  const bytes = sink.bytes();
  expect(bytes).toHaveLength(content.size);
  return bytes;
}

describe('what a live medium boots', () => {
  it('is the kernel, in the order of its stretches', async () => {
    expect((await bytesOf(kernelContent(baseWith(4)))).toString()).toBe('The rest of the kernel');
  });

  it.each([1000, 1001, 1002, 1003])(
    'is the initramfs of %d bytes, and behind it an archive where the kernel looks for one',
    async (length) => {
      const streamHash = 'stream-hash sha256 2097152\nabc\n';
      const bytes = await bytesOf(liveInitramfs(baseWith(length), { streamHash }));
      expect(bytes.subarray(0, length).equals(Buffer.alloc(length, 'initramfs '))).toBe(true);
      const begin = Math.ceil(length / 4) * 4;
      expect(bytes.subarray(length, begin).every((byte) => byte === 0)).toBe(true);
      const archive = bytes.subarray(begin);
      const member = (name: string) =>
        execFileSync('cpio', ['-i', '--quiet', '--to-stdout', name], { input: archive, cwd: directory }).toString();
      expect(member('etc/coreos-live-initramfs')).toBe('13.0\n');
      expect(member('etc/coreos-live-want-rootfs')).toBe(streamHash);
      expect(JSON.parse(member('etc/coreos/features.json'))).toEqual({
        'installer-config': false,
        'live-initrd-network': false,
      });
    },
  );

  it('must be there', () => {
    const base = { ...baseWith(4), kernelRelease: 'other' };
    expect(() => kernelContent(base)).toThrow('the boot partition has no vmlinuz-other');
  });
});
