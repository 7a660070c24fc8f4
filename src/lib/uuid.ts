import { createHash } from 'node:crypto';
import type { Digest } from './digest.ts';

/**
 * A UUID that depends on the container and a name alone, so that the same container gives the same disk, and the same
 * documents. Version 8, "custom", of RFC 9562 §5.8: the other bits are the sha256 of both.
 * @param name what it identifies: `disk`, `partition root`, `filesystem boot`
 */
export function derivedUuid(container: Digest, name: string): string {
  const bytes = createHash('sha256').update(container).update('\0').update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
