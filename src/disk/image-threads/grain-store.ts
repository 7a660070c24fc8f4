import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Grain } from './grains.ts';

/** Keeps compressed grains by the digest of what they hold, for images that hold the same. */
export interface GrainStore extends AsyncDisposable {
  get(digest: string): Promise<Grain | undefined>;
  /** Of one digest, the first one given is kept. */
  put(digest: string, grain: Grain): Promise<void>;
}

/** Where a grain's fragment lies in the file, and what belongs to it. */
interface Kept extends Omit<Grain, 'fragment'> {
  at: number;
  length: number;
}

/**
 * Keeps them in a file, which is removed in the end.
 * @param path does not exist yet
 * @throws the system's error, here and in the store's functions
 */
export async function createGrainStore(path: string): Promise<GrainStore> {
  const file: FileHandle = await open(path, 'wx+', 0o600);
  // Nobody else needs its name, and so a killed process leaves nothing.
  await rm(path);
  const kept = new Map<string, Promise<Kept>>();
  let end = 0;

  async function write({ fragment, ...grain }: Grain): Promise<Kept> {
    const at = end;
    end += fragment.length;
    for (let done = 0; done < fragment.length; ) {
      done += (await file.write(fragment, done, fragment.length - done, at + done)).bytesWritten;
    }
    return { ...grain, at, length: fragment.length };
  }

  return {
    async get(digest) {
      const found = await kept.get(digest);
      if (found === undefined) return undefined;
      const { at, length, ...grain } = found;
      const fragment = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        done += (await file.read(fragment, done, length - done, at + done)).bytesRead;
      }
      return { ...grain, fragment };
    },
    async put(digest, grain) {
      if (!kept.has(digest)) kept.set(digest, write(grain));
      await kept.get(digest);
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}
