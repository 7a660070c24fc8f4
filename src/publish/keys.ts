import { type CosaError, verificationError } from '../lib/errors.ts';

/** As many levels as nobody needs. */
const mostParts = 32;
/** Bytes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const longestKey = 1024;

/** True for what a key may have between two slashes: a file name on every file system, and never a hidden one. */
export function isKeyPart(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._+~-]{0,249}$/.test(text);
}

/** True for names joined by `/`, as every store can hold them. */
export function isKey(text: string): boolean {
  const parts = text.split('/');
  return text.length <= longestKey && parts.length <= mostParts && parts.every(isKeyPart);
}

/**
 * Checks a key before it reaches a store.
 * @throws CosaError `STORE_KEY` (exit 4): names come from containers and documents
 */
export function checkKey(key: string): string {
  if (isKey(key)) return key;
  throw refused(key, 'the key of an object');
}

function part(name: string): string {
  if (isKeyPart(name)) return name;
  throw refused(name, 'a part of a key');
}

function refused(text: string, what: string): CosaError {
  return verificationError('STORE_KEY', `${JSON.stringify(text)} cannot be ${what}`, {
    hint: 'streams, versions and files are called by letters, digits, and . _ + ~ - after the first of them',
  });
}

/** One architecture of one version of a stream. All keys made of it throw `STORE_KEY` (exit 4) for a name that none can have. */
export interface BuildName {
  stream: string;
  version: string;
  /** As `uname -m` spells it. */
  architecture: string;
}

/** The name of the document in a build's directory that says what is published; it is written last. */
const imagesName = 'images.json';
/** The name of the list of checksums, as sha256sum(1) checks it. */
export const checksumsName = 'SHA256SUMS';

/** Stream metadata: what installers and users read. */
export function streamKey(stream: string): string {
  return checkKey(`streams/${part(stream)}.json`);
}

/** The index of a stream's releases. */
export function releaseIndexKey(stream: string): string {
  return checkKey(`prod/streams/${part(stream)}/releases.json`);
}

/** What the keys of all versions of a stream begin with; ends with a slash. */
export function buildsPrefix(stream: string): string {
  return `prod/streams/${part(stream)}/builds/`;
}

/** What the keys of one version begin with, all architectures of it; ends with a slash. */
export function versionPrefix({ stream, version }: Pick<BuildName, 'stream' | 'version'>): string {
  return `${buildsPrefix(stream)}${part(version)}/`;
}

/** What a version consists of. */
export function releaseKey(name: Pick<BuildName, 'stream' | 'version'>): string {
  return checkKey(`${versionPrefix(name)}release.json`);
}

/** A file of a build. */
export function buildFileKey(name: BuildName, file: string): string {
  return checkKey(`${versionPrefix(name)}${part(name.architecture)}/${part(file)}`);
}

/** The document that says which images of a build are published (`published-images.ts`). */
export function imagesKey(name: BuildName): string {
  return buildFileKey(name, imagesName);
}

/** The detached signature of a file, by its key or its name. */
export function signatureKey(key: string): string {
  return `${key}.sig`;
}

/** Of which build a key is the `images.json`; `undefined` for any other key. */
export function parseImagesKey(key: string): BuildName | undefined {
  const match = /^prod\/streams\/([^/]+)\/builds\/([^/]+)\/([^/]+)\/images\.json$/.exec(key);
  if (match === null || !isKey(key)) return undefined;
  const [, stream = '', version = '', architecture = ''] = match;
  return { stream, version, architecture };
}
