import type { Digest } from '../../src/lib/digest.ts';
import { digestOf } from '../../src/lib/digest.ts';
import type { BlobSource, ContentStore } from '../../src/oci/store.ts';

/** What a place was asked or told. */
export interface Call {
  name: keyof ContentStore;
  /** Of the blob or manifest that it was about. */
  digest?: Digest;
  size?: number;
  mountSource?: BlobSource['mountSource'];
}

/** A store that does what another does, and writes down what it was asked, in order. */
export function recording(store: ContentStore): { store: ContentStore; calls: Call[] } {
  const calls: Call[] = [];
  return {
    calls,
    store: {
      readBlob: (descriptor, signal) => {
        calls.push({ name: 'readBlob', digest: descriptor.digest, size: descriptor.size });
        return store.readBlob(descriptor, signal);
      },
      hasBlob: (digest, size) => {
        calls.push({ name: 'hasBlob', digest });
        return store.hasBlob(digest, size);
      },
      resolveTag: (tag) => {
        calls.push({ name: 'resolveTag' });
        return store.resolveTag(tag);
      },
      resolveDigest: (digest) => {
        calls.push({ name: 'resolveDigest', digest });
        return store.resolveDigest(digest);
      },
      tagNames: () => {
        calls.push({ name: 'tagNames' });
        return store.tagNames();
      },
      listTags: () => {
        calls.push({ name: 'listTags' });
        return store.listTags();
      },
      referrers: (subject, artifactType) => {
        calls.push({ name: 'referrers', digest: subject });
        return store.referrers(subject, artifactType);
      },
      untagged: () => {
        calls.push({ name: 'untagged' });
        return store.untagged();
      },
      putBlob: (source, options) => {
        const { digest, size } = source.descriptor;
        calls.push({ name: 'putBlob', digest, size, mountSource: source.mountSource });
        return store.putBlob(source, options);
      },
      putManifest: (content, mediaType, extra) => {
        calls.push({ name: 'putManifest', digest: digestOf(content) });
        return store.putManifest(content, mediaType, extra);
      },
      setTags: (tags, manifest, expected) => {
        calls.push({ name: 'setTags', digest: manifest.digest });
        return store.setTags(tags, manifest, expected);
      },
    },
  };
}
