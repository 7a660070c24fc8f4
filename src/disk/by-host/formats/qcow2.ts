import { run } from '../../../exec/run.ts';
import { tools } from '../../../exec/tools.ts';
import type { DiskFormat } from './format.ts';

/** Named, so that another release's defaults do not change the bytes. */
const options = ['compat=1.1', 'cluster_size=65536', 'refcount_bits=16', 'lazy_refcounts=off', 'extended_l2=off'];

export const qcow2: DiskFormat = { name: 'qcow2', extension: 'qcow2', write };

async function write(disk: string, image: string, signal: AbortSignal): Promise<void> {
  const args = ['convert', '-f', 'raw', '-O', 'qcow2', '-o', options.join(','), disk, image];
  await run(tools.qemuImg, args, { signal });
}
