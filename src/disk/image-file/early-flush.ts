import type { FileHandle } from 'node:fs/promises';

/** How many bytes lie in the system's memory before it is told to bring them to the disk, while others come in. */
const flushSize = 64 << 20;

/** Has a file's bytes brought to the disk while further ones are made: who flushes the file in the end waits for few. */
export interface EarlyFlush {
  /** Told of bytes that are written. */
  wrote(bytes: number): void;
  /** Waits for what was begun; the file must not be closed before. @throws the system's error, such as `EIO` */
  settle(): Promise<void>;
}

/** @param file stays open until all has settled */
export function earlyFlush(file: FileHandle): EarlyFlush {
  let unflushed = 0;
  let flushed: Promise<unknown> = Promise.resolve();
  let isFlushing = false;

  async function flush(): Promise<void> {
    isFlushing = true;
    unflushed = 0;
    try {
      await file.datasync();
    } finally {
      isFlushing = false;
    }
  }

  return {
    wrote(bytes) {
      unflushed += bytes;
      // One at a time: a second one would keep another of the few threads waiting that read and write.
      if (isFlushing || unflushed < flushSize) return;
      flushed = Promise.all([flushed, flush()]);
      // Whoever waits for it is told, in the end.
      flushed.catch(() => undefined);
    },
    async settle() {
      await flushed;
    },
  };
}
