import { isRelativePath } from '../../contract/relative-path.ts';
import { childrenNamed, childText, InvalidXmlError, parseXml, type XmlElement } from '../../lib/xml-reader.ts';

/** Hash functions that prove something. */
const algorithms = ['sha512', 'sha384', 'sha256'] as const;

export interface StrongDigest {
  algorithm: (typeof algorithms)[number];
  /** Hexadecimal digits, in lower case. */
  hex: string;
}

/** A file of a repository's index. */
export interface IndexFile {
  /** `primary`, `filelists`, `modules`. */
  type: string;
  /** Below the repository's base address. */
  path: string;
  /** Bytes. */
  size: number;
  /** Bytes when decompressed. */
  openSize: number;
  digest: StrongDigest;
}

/** What `repodata/repomd.xml` says. */
export interface RepositoryIndex {
  /** Of those with a size and a strong checksum, the first of each type. */
  files: readonly IndexFile[];
  /** Seconds since the epoch; 0 if nothing tells. */
  timestamp: number;
}

/** An index that cannot be used; the message is a clause. */
export class InvalidIndexError extends Error {}

/** Bytes of an index file as it is fetched, and as the solver reads it: Fedora's largest have a fifth. */
const mostBytes = 512 * 1024 * 1024;
const mostOpenBytes = 4 * 1024 * 1024 * 1024;

/**
 * Reads a repository's index of indexes.
 * @throws InvalidIndexError also for a file outside of the repository, one that is far too large, and a missing `primary`
 * @see https://rpm-software-management.github.io/createrepo_c/
 */
export function parseRepomd(text: string): RepositoryIndex {
  const root = readXml(text, 'repomd');
  const files = new Map<string, IndexFile>();
  let timestamp = secondsOf(childText(root, 'revision'));
  for (const data of childrenNamed(root, 'data')) {
    const type = data.attributes.get('type') ?? '';
    timestamp = Math.max(timestamp, secondsOf(childText(data, 'timestamp')));
    if (!['primary', 'filelists', 'modules'].includes(type) || files.has(type)) continue;
    files.set(type, indexFile(data, type));
  }
  if (!files.has('primary')) throw new InvalidIndexError('it names no list of packages');
  return { files: [...files.values()], timestamp };
}

function indexFile(data: XmlElement, type: string): IndexFile {
  const checksum = childrenNamed(data, 'checksum')[0];
  const path = childrenNamed(data, 'location')[0]?.attributes.get('href') ?? '';
  if (!isRelativePath(path)) throw new InvalidIndexError(`${JSON.stringify(path)} is not a path below the repository`);
  const digest = strongDigest(checksum?.attributes.get('type'), checksum?.text);
  if (digest === undefined) {
    throw new InvalidIndexError(
      `it names ${path} by ${checksum?.attributes.get('type') ?? 'no checksum'}, which proves nothing`,
    );
  }
  const size = Number(childText(data, 'size') ?? Number.NaN);
  const openSize = Number(childText(data, 'open-size') ?? size);
  if (!Number.isSafeInteger(size) || size < 0) throw new InvalidIndexError(`it does not say how large ${path} is`);
  if (size > mostBytes || !(openSize <= mostOpenBytes)) throw new InvalidIndexError(`${path} is far too large`);
  return { type, path, size, openSize, digest };
}

/** A checksum, if its kind proves something; `undefined` if not. */
export function strongDigest(type: string | undefined, text: string | undefined): StrongDigest | undefined {
  const algorithm = algorithms.find((name) => name === type?.toLowerCase().replace('-', ''));
  const hex = (text ?? '').trim().toLowerCase();
  if (algorithm === undefined || hex.length !== Number(algorithm.slice(3)) / 4) return undefined;
  return /^[0-9a-f]+$/.test(hex) ? { algorithm, hex } : undefined;
}

/** Seconds since the epoch within this century. */
function secondsOf(text: string | undefined): number {
  return /^\d{9,10}(?:\.\d+)?$/.test(text ?? '') ? Math.min(Math.floor(Number(text)), 4_102_444_800) : 0;
}

/** @throws InvalidIndexError */
export function readXml(text: string, name: string): XmlElement {
  try {
    const root = parseXml(text);
    if (root.name === name) return root;
    throw new InvalidIndexError(`it is <${root.name}>, and no <${name}>`);
  } catch (cause) {
    if (cause instanceof InvalidXmlError) throw new InvalidIndexError(cause.message, { cause });
    throw cause;
  }
}

/** The text of an index of ours with some of these files, for a solver that reads local directories. */
export function formatRepomd(files: readonly (IndexFile & { name: string })[], timestamp: number): string {
  const entries = files.map(
    ({ type, name, size, openSize, digest }) =>
      `<data type="${type}"><checksum type="${digest.algorithm}">${digest.hex}</checksum><location href="repodata/${name}"/>` +
      `<timestamp>${timestamp}</timestamp><size>${size}</size><open-size>${openSize}</open-size></data>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>${timestamp}</revision>${entries.join('')}</repomd>\n`;
}
