import { childrenNamed, type XmlElement } from '../../lib/xml-reader.ts';
import { readXml, type StrongDigest, strongDigest } from './repomd.ts';

/** Where a repository's mirrors are, and what its index is. */
export interface Metalink {
  /** Base addresses, each with a final slash, the best first. */
  mirrors: readonly string[];
  /** What `repomd.xml` may be: the newest, and those before it that are still good. Empty: nothing proves it. */
  digests: readonly StrongDigest[];
}

/** Nobody asks more. */
const mostMirrors = 200;
const indexPath = 'repodata/repomd.xml';

/**
 * Reads a metalink of `repomd.xml`. Addresses that are not of HTTP are left out: a stranger's list names no files of this
 * machine.
 * @throws InvalidIndexError
 * @see https://www.rfc-editor.org/rfc/rfc5854 and version 3, http://www.metalinker.org/Metalink_3.0_Spec.pdf
 */
export function parseMetalink(text: string): Metalink {
  const root = readXml(text, 'metalink');
  const files = root.children.flatMap((child) =>
    child.name === 'files' ? childrenNamed(child, 'file') : child.name === 'file' ? [child] : [],
  );
  const file = files.find(({ attributes }) => attributes.get('name') === 'repomd.xml') ?? files[0];
  if (file === undefined) return { mirrors: [], digests: [] };
  const places = [file, ...childrenNamed(file, 'resources')].flatMap((element) => childrenNamed(element, 'url'));
  const ranked = places.map((url) => ({ address: url.text, rank: rankOf(url) })).sort((a, b) => a.rank - b.rank);
  return {
    mirrors: mirrorsOf(
      ranked.flatMap(({ address }) => (address.endsWith(indexPath) ? [address.slice(0, -indexPath.length)] : [])),
    ),
    digests: [file, ...childrenNamed(file, 'alternates').flatMap((list) => childrenNamed(list, 'alternate'))].flatMap(
      digestsOf,
    ),
  };
}

/** Version 3 has a preference, the higher the better; version 4 a priority, the lower the better. */
function rankOf({ attributes }: XmlElement): number {
  const [preference, priority] = [attributes.get('preference'), attributes.get('priority')].map(Number);
  const rank = Number.isFinite(preference) ? -(preference ?? 0) : (priority ?? 0);
  return Number.isFinite(rank) ? rank : 0;
}

function digestsOf(file: XmlElement): StrongDigest[] {
  const hashes = [file, ...childrenNamed(file, 'verification')].flatMap((element) => childrenNamed(element, 'hash'));
  const strong = hashes.flatMap((hash) => strongDigest(hash.attributes.get('type'), hash.text) ?? []);
  const [strongest] = strong.sort((a, b) => b.hex.length - a.hex.length);
  return strongest === undefined ? [] : [strongest];
}

/** Reads a list of base addresses, one a line. As {@link parseMetalink}, it takes addresses of HTTP alone. */
export function parseMirrorlist(text: string): string[] {
  return mirrorsOf(text.split('\n').map((line) => line.trim()));
}

function mirrorsOf(addresses: readonly string[]): string[] {
  const usable = addresses.filter((address) => /^https?:\/\/[^\s#]+$/.test(address) && URL.canParse(address));
  const bases = usable.map((address) => (address.endsWith('/') ? address : `${address}/`));
  return [...new Set(bases)].slice(0, mostMirrors);
}
