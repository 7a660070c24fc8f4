import { mapParallel } from '../../lib/parallel.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { contentThreads } from '../content-threads.ts';
import { contentPrefix } from '../objects.ts';
import type { ContentObject, Xattr } from '../types.ts';

/** A file whose object has no checksum yet. */
interface UnreadFile {
  /** Absolute path in the tree. */
  path: string;
  object: ContentObject;
}

/** Enough for a thread to be busy while the next ones are prepared, few enough for all threads to end together. */
const batchFiles = 256;
const batchBytes = 8 * 1024 * 1024;

/** More batches than threads are under way: a thread that is done has the next one waiting. */
const waitingBatches = 2;

/**
 * Reads files in threads, some at once, and computes the checksums of their objects.
 * @returns hex, in the order of the files
 * @throws CosaError `TREE_CHANGED`, `THREAD_FAILED`; system errors, which name the file; the reporter's signal's reason
 */
export async function fileChecksums(root: string, files: readonly UnreadFile[], reporter: Reporter): Promise<string[]> {
  using threads = contentThreads();
  let done = 0;
  const prefixOf = prefixes();

  async function checksums(batch: readonly UnreadFile[]): Promise<string[]> {
    reporter.signal.throwIfAborted();
    const request = batch.map(({ path, object }) => ({ path, size: object.size, prefix: prefixOf(object) }));
    const results = await threads.checksums({ root, files: request });
    done += batch.reduce((sum, { object }) => sum + object.size, 0);
    reporter.progress(done, undefined, 'bytes');
    return results;
  }

  return (await mapParallel(batches(files), checksums, threads.size + waitingBatches)).flat();
}

/** Cuts a list where it has many files or many bytes. */
function batches(files: readonly UnreadFile[]): UnreadFile[][] {
  const all: UnreadFile[][] = [];
  let current: UnreadFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (current.length === 0) all.push(current);
    current.push(file);
    bytes += file.object.size;
    if (current.length < batchFiles && bytes < batchBytes) continue;
    current = [];
    bytes = 0;
  }
  return all;
}

/** The prefixes of files: they are few, for most files have the same owner and mode, and no xattrs or the same list of them. */
function prefixes(): (object: ContentObject) => Uint8Array {
  const known = new Map<readonly Xattr[], Map<string, Uint8Array>>();
  const none: readonly Xattr[] = [];
  return (object) => {
    const list = object.xattrs.length === 0 ? none : object.xattrs;
    const alike = known.get(list) ?? new Map<string, Uint8Array>();
    known.set(list, alike);
    const key = `${object.uid} ${object.gid} ${object.mode}`;
    const prefix = alike.get(key) ?? new Uint8Array(contentPrefix(object, ''));
    alike.set(key, prefix);
    return prefix;
  };
}
