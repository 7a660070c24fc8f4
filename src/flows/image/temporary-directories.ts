import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TemporaryDirectories } from '../../disk/artifacts/temporary.ts';
import { openScratch, type Scratch } from '../../exec/scratch.ts';
import type { Cleanup } from '../../lib/cleanup.ts';

/**
 * Directories in one scratch directory.
 * @param base the scratch directory's place, made if missing
 * @param cleanup removes it
 */
export function temporaryDirectories(base: string, cleanup: Cleanup): TemporaryDirectories {
  let opened: Promise<Scratch> | undefined;

  async function open(): Promise<Scratch> {
    const scratch = await openScratch(base);
    cleanup.defer(() => scratch[Symbol.asyncDispose]());
    return scratch;
  }

  return {
    async check() {
      opened ??= open();
      await opened;
    },
    async make(name) {
      opened ??= open();
      const path = join((await opened).path, name);
      await mkdir(path);
      return path;
    },
  };
}
