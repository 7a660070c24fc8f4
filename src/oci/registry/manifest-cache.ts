import type { Digest } from '../../lib/digest.ts';

/** A manifest or index, verified. */
export interface StoredManifest {
  mediaType: string;
  bytes: Buffer;
}

/** Manifests by digest: what was read or written a moment ago need not be asked for again. */
export interface ManifestCache {
  get(digest: Digest): StoredManifest | undefined;
  set(digest: Digest, manifest: StoredManifest): void;
  delete(digest: Digest): void;
}

/** @param maximumBytes what all manifests together may take; the longest unused go first */
export function createManifestCache(maximumBytes = 16 * 1024 * 1024): ManifestCache {
  // A Map keeps the order of insertion: its first entry is the one that was not used for the longest time.
  const entries = new Map<Digest, StoredManifest>();
  let total = 0;

  function remove(digest: Digest): void {
    total -= entries.get(digest)?.bytes.length ?? 0;
    entries.delete(digest);
  }

  function set(digest: Digest, manifest: StoredManifest): void {
    remove(digest);
    entries.set(digest, manifest);
    total += manifest.bytes.length;
    for (const oldest of entries.keys()) {
      if (total <= maximumBytes) return;
      remove(oldest);
    }
  }

  function get(digest: Digest): StoredManifest | undefined {
    const manifest = entries.get(digest);
    if (manifest !== undefined) set(digest, manifest);
    return manifest;
  }

  return { get, set, delete: remove };
}
