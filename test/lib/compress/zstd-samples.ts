import { execFileSync } from 'node:child_process';

/** What the program makes of a pipe: one frame of unknown length with a checksum. */
export function zstd(bytes: Uint8Array, ...args: string[]): Buffer {
  return execFileSync('zstd', ['--stdout', '--quiet', ...args], { input: bytes, maxBuffer: 1 << 28 });
}

/** A frame of our own making. */
export const frame = (header: number[], ...blocks: (number[] | Buffer)[]) =>
  Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...header]), ...blocks.map((block) => Buffer.from(block))]);

/** A block's header and what stands behind it. */
export const block = (type: number, size: number, isLast: boolean, data: number[] = []) => {
  const bits = (size << 3) | (type << 1) | (isLast ? 1 : 0);
  return [bits & 0xff, (bits >> 8) & 0xff, bits >> 16, ...data];
};

/** https://www.rfc-editor.org/rfc/rfc8878#section-3.1.2 */
export const skippable = (length: number) => {
  const header = Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  header.writeUInt32LE(length, 4);
  return Buffer.concat([header, Buffer.alloc(length, 0xfd)]);
};

/** A window of 1 KiB; neither length nor checksum. */
export const smallWindow = [0x00, 0x00];
/** With one byte changed; from the end, if `at` is negative. */
export function flipped(bytes: Buffer, at: number, change = 1): Buffer {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ change;
  return copy;
}
