import { medium } from './boot-sector.ts';
import type { FatBits } from './geometry.ts';

/**
 * The used beginning of an allocation table; what follows is zero, which means free.
 * @param chains how many clusters each has: they follow one another from cluster 2 on
 */
export function allocationTable(bits: FatBits, chains: readonly number[]): Buffer {
  const width = bits / 8;
  const end = bits === 32 ? 0x0fffffff : 0xffff;
  const used = chains.reduce((sum, count) => sum + count, 2);
  const table = Buffer.alloc(used * width);
  const set = (cluster: number, value: number) => {
    if (bits === 32) table.writeUInt32LE(value, cluster * width);
    else table.writeUInt16LE(value, cluster * width);
  };
  // The medium with all other bits set; then, by the same bits, that the volume is clean and has no errors.
  set(0, end - 0xff + medium);
  set(1, end);
  let cluster = 2;
  for (const count of chains) {
    for (let left = count; left > 0; left--, cluster++) set(cluster, left === 1 ? end : cluster + 1);
  }
  return table;
}
