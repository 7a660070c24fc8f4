import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../../src/lib/digest.ts';
import { makeDirectory } from '../../../src/lib/directories.ts';
import type { AnswerBody } from './answer.ts';
import { bodyOf } from './answer.ts';

/**
 * Where blobs lie: in memory; in a directory, for more than fits there; or nowhere: `zeros` forgets the bytes of
 * blobs over 1 MiB and reads zeros instead, so a blob of zeros may have any size.
 */
export type StorageKind = 'memory' | 'zeros' | { directory: string };

/** All blobs of a registry, whichever repositories they are in. */
export interface Storage {
  begin(): Promise<StoredUpload>;
  read(digest: Digest): AnswerBody | undefined;
}

/** A blob that is being uploaded, over as many requests as it takes. */
export interface StoredUpload {
  /** Bytes so far. */
  size(): number;
  append(chunk: Buffer): Promise<void>;
  /** Keeps the bytes under their digest, and returns it; or throws them away if it is not the one expected. */
  finish(expected: Digest): Promise<Digest>;
  abort(): Promise<void>;
}

/** What becomes of an upload's bytes; hashing and counting are the same for all. */
interface Sink {
  append(chunk: Buffer): Promise<void>;
  keep(digest: Digest, size: number): Promise<AnswerBody>;
  discard(): Promise<void>;
}

const remembered = 1024 * 1024;

export function createStorage(kind: StorageKind): Storage {
  const blobs = new Map<Digest, AnswerBody>();
  return {
    read: (digest) => blobs.get(digest),
    begin: async () => storedUpload(await openSink(kind), blobs),
  };
}

function openSink(kind: StorageKind): Promise<Sink> | Sink {
  if (kind === 'memory') return memorySink(Number.POSITIVE_INFINITY);
  return kind === 'zeros' ? memorySink(remembered) : fileSink(kind.directory);
}

function storedUpload(sink: Sink, blobs: Map<Digest, AnswerBody>): StoredUpload {
  const hash = createHash('sha256');
  let size = 0;
  return {
    size: () => size,
    append: async (chunk) => {
      hash.update(chunk);
      await sink.append(chunk);
      size += chunk.length;
    },
    finish: async (expected) => {
      const digest: Digest = `sha256:${hash.digest('hex')}`;
      if (digest === expected) blobs.set(digest, await sink.keep(digest, size));
      else await sink.discard();
      return digest;
    },
    abort: () => sink.discard(),
  };
}

function memorySink(most: number): Sink {
  let chunks: Buffer[] = [];
  let size = 0;
  return {
    append: async (chunk) => {
      size += chunk.length;
      if (size <= most) chunks.push(chunk);
      else chunks = [];
    },
    keep: async () => (size <= most ? bodyOf(Buffer.concat(chunks)) : zeros(size)),
    discard: async () => undefined,
  };
}

async function fileSink(directory: string): Promise<Sink> {
  await makeDirectory(directory);
  const temporary = join(directory, `upload-${randomUUID()}`);
  const handle = await open(temporary, 'wx');
  return {
    append: async (chunk) => {
      await handle.writeFile(chunk);
    },
    keep: async (digest, size) => {
      await handle.close();
      const path = join(directory, digest.replace(':', '-'));
      await rename(temporary, path);
      return {
        size,
        read: (start, end) => (start === end ? nothing() : createReadStream(path, { start, end: end - 1 })),
      };
    },
    discard: async () => {
      await handle.close();
      await rm(temporary);
    },
  };
}

async function* nothing(): AsyncGenerator<Buffer> {}

function zeros(size: number): AnswerBody {
  const piece = Buffer.alloc(256 * 1024);
  return {
    size,
    read: async function* (start, end) {
      for (let at = start; at < end; at += piece.length) yield piece.subarray(0, Math.min(piece.length, end - at));
    },
  };
}
