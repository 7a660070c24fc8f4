import type { ObjectHeaders } from './object-store.ts';

/** What is published under a version stays what it is. */
const immutable = 'public, max-age=31536000, immutable';
/** Whoever asks gets a new one within a minute. */
const changing = 'public, max-age=60';

/** By the ending of a name: https://www.iana.org/assignments/media-types/media-types.xhtml */
const contentTypes: Readonly<Record<string, string>> = {
  gz: 'application/gzip',
  iso: 'application/vnd.efi.iso',
  ova: 'application/x-tar',
  sig: 'application/pgp-signature',
  xz: 'application/x-xz',
  zst: 'application/zstd',
};

/** What a file of a disk image, or its signature, is served with. Compressed ones are so in themselves, not on the way. */
export function fileHeaders(name: string): ObjectHeaders {
  const ending = name.slice(name.lastIndexOf('.') + 1);
  return { contentType: contentTypes[ending] ?? 'application/octet-stream', cacheControl: immutable };
}

/** What a list of checksums is served with, or its signature: it grows with the platforms. */
export function checksumsHeaders(isSignature: boolean): ObjectHeaders {
  return {
    contentType: isSignature ? 'application/pgp-signature' : 'text/plain; charset=utf-8',
    cacheControl: changing,
  };
}
