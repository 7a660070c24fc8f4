import { createHash } from 'node:crypto';
import type { DetachedSignature, GpgSigner } from '../exec/tools/gpg.ts';
import { sourceChanged } from './object-errors.ts';
import type { UploadSource } from './object-store.ts';

/** A content that is signed while it is uploaded. */
export interface SignedPass {
  /** To be uploaded. */
  source: UploadSource;
  /**
   * The signature: of the bytes that have passed, or, if nobody has read them, of those that are read and verified now.
   * @throws CosaError `UPLOAD_SOURCE_CHANGED` (exit 4)
   */
  signature(): Promise<Buffer>;
  /** Gives up what is not finished. */
  cancel(): Promise<void>;
}

/**
 * Has a signature made in the same pass in which a content is read.
 * @param name of the file, for errors
 */
export function signedPass(source: UploadSource, name: string, signer: GpgSigner, signal: AbortSignal): SignedPass {
  let begun: DetachedSignature | undefined;
  let isWhole = false;

  async function* pass(start: number, end: number, stop?: AbortSignal): AsyncGenerator<Uint8Array> {
    // Another pass over it begins anew.
    await begun?.cancel();
    begun = await signer.begin(signal);
    for await (const chunk of source.open(start, end, stop)) {
      await begun.write(chunk);
      yield chunk;
    }
    isWhole = start === 0 && end === source.size;
  }

  async function readAll(): Promise<void> {
    const hash = createHash('sha256');
    for await (const chunk of pass(0, source.size, signal)) hash.update(chunk);
    if (hash.digest('hex') !== source.sha256) throw sourceChanged(name);
  }

  return {
    source: { ...source, open: pass },
    async signature() {
      // It was in the store already.
      if (!isWhole) await readAll();
      const finished = begun as DetachedSignature;
      begun = undefined;
      return finished.finish();
    },
    cancel: async () => begun?.cancel(),
  };
}
