import type { Digest } from '../lib/digest.ts';
import { CosaError } from '../lib/errors.ts';
import { attempt } from './attempt.ts';
import { diffIdOf } from './compression.ts';
import { isImageManifest, isTarLayer, readImage, readIndex, readManifest } from './image.ts';
import type { ContentReader } from './store.ts';
import { type Descriptor, type Manifest, mediaTypes } from './types.ts';

/** Something that is not as a digest, a size or a format says. */
export interface Problem {
  /** Stable, as an error's: `BLOB_DIGEST_MISMATCH`. */
  code: string;
  message: string;
}

/** Recomputes what images say of themselves. Keeps what it has seen, so that shared layers are read once. */
export interface Validator {
  /**
   * Checks everything below a manifest or index: digests and sizes of all blobs, structure, diffids. Goes on after
   * a problem, so that the result has all of them.
   */
  validate(descriptor: Descriptor): Promise<Problem[]>;
  /** Checks one blob's digest and size alone. */
  validateBlob(descriptor: Descriptor): Promise<Problem[]>;
  /** Digests of the blobs that were checked. */
  readonly reached: ReadonlySet<Digest>;
  /** Those of them that are manifests and indexes. */
  readonly manifests: ReadonlySet<Digest>;
  /** Blobs that are missing, or differ from their descriptors. */
  readonly unsound: ReadonlyMap<Digest, Descriptor>;
}

/** @param onBytes called with the length of each piece of a blob that was checked */
export function validator(reader: ContentReader, onBytes: (count: number) => void, signal: AbortSignal): Validator {
  const reached = new Set<Digest>();
  const manifests = new Set<Digest>();
  const unsound = new Map<Digest, Descriptor>();
  const seen = new Set<string>();
  const checkedDiffIds = new Map<Digest, Digest>();
  const counting: ContentReader = {
    ...reader,
    async *readBlob(descriptor) {
      try {
        for await (const chunk of reader.readBlob(descriptor, signal)) {
          onBytes(chunk.length);
          yield chunk;
        }
      } catch (error) {
        if (error instanceof CosaError && /^BLOB_|^MANIFEST_DIGEST/.test(error.code)) {
          unsound.set(descriptor.digest, descriptor);
        }
        throw error;
      }
    },
  };

  /** Another size for the same digest is another check, which one of them fails. */
  function isSeen({ digest, size }: Descriptor): boolean {
    const key = `${digest} ${size}`;
    const isKnown = seen.has(key);
    seen.add(key);
    reached.add(digest);
    return isKnown;
  }

  async function validate(descriptor: Descriptor): Promise<Problem[]> {
    if (isSeen(descriptor)) return [];
    manifests.add(descriptor.digest);
    if (descriptor.mediaType === mediaTypes.index) return validateIndex(descriptor);
    return caught(async () => {
      const manifest = await readManifest(counting, descriptor);
      if (isImageManifest(manifest)) return validateImage(descriptor, manifest);
      return each([manifest.config, ...manifest.layers], validateBlob);
    });
  }

  async function validateIndex(descriptor: Descriptor): Promise<Problem[]> {
    return caught(async () => {
      return each((await readIndex(counting, descriptor)).manifests, validate);
    });
  }

  async function validateImage(descriptor: Descriptor, manifest: Manifest): Promise<Problem[]> {
    isSeen(manifest.config);
    let diffIds: readonly Digest[] = [];
    const problems = await caught(async () => {
      diffIds = (await readImage(counting, descriptor)).config.rootfs.diff_ids;
      return [];
    });
    const layers = manifest.layers.map((layer, index) => ({ layer, diffId: diffIds[index] }));
    return [...problems, ...(await each(layers, ({ layer, diffId }) => validateLayer(layer, diffId)))];
  }

  async function validateLayer(layer: Descriptor, diffId: Digest | undefined): Promise<Problem[]> {
    // The same blob may stand in many images; another diffid for it would be another check.
    const isKnown = seen.has(`${layer.digest} ${layer.size}`);
    // What is no tar has no diffid that says anything: attestations lie in images between others.
    if (diffId === undefined || !isTarLayer(layer) || (isKnown && checkedDiffIds.get(layer.digest) === diffId))
      return validateBlob(layer);
    isSeen(layer);
    checkedDiffIds.set(layer.digest, diffId);
    const problems = await caught(() => checkDiffId(layer, diffId));
    // A damaged blob shows first as a stream that cannot be decompressed: say what is behind it.
    const ofBlob = problems.length === 0 ? [] : await caught(() => drain(counting.readBlob(layer)));
    return ofBlob.length === 0 ? problems : ofBlob;
  }

  async function checkDiffId(layer: Descriptor, diffId: Digest): Promise<Problem[]> {
    const found = await diffIdOf(counting.readBlob(layer), layer);
    if (found === diffId) return [];
    return [
      { code: 'LAYER_DIFFID', message: `layer ${layer.digest} has the diffid ${found}, the config says ${diffId}` },
    ];
  }

  async function validateBlob(descriptor: Descriptor): Promise<Problem[]> {
    if (isSeen(descriptor)) return [];
    return caught(() => drain(counting.readBlob(descriptor)));
  }

  return { validate, validateBlob, reached, manifests, unsound };
}

async function drain(source: AsyncIterable<Buffer>): Promise<Problem[]> {
  const iterator = source[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
  return [];
}

/** Turns an error about what was read into a problem; others, such as an interruption, pass. */
async function caught(check: () => Promise<Problem[]>): Promise<Problem[]> {
  const { value, reason, code } = await attempt(check);
  return value ?? [{ code, message: reason }];
}

/** One after the other: the disk is what takes the time. */
async function each<T>(items: readonly T[], check: (item: T) => Promise<Problem[]>): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const item of items) problems.push(...(await check(item)));
  return problems;
}
