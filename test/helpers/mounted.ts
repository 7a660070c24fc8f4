import { mkdir, rmdir } from 'node:fs/promises';
import { run } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';

const mount = mounting('mount');
const umount = mounting('umount');

function mounting(name: string): Tool {
  return { name, packages: { deb: 'mount', rpm: 'util-linux' }, purpose: 'lets the kernel read filesystems' };
}

/** Lets the kernel read a filesystem. As root. */
export async function withMounted<T>(image: string, read: (place: string) => Promise<T> | T): Promise<T> {
  const place = `${image}.mounted`;
  await mkdir(place);
  try {
    await run(mount, ['-o', 'loop,ro', image, place]);
    try {
      return await read(place);
    } finally {
      await run(umount, [place]);
    }
  } finally {
    await rmdir(place);
  }
}
