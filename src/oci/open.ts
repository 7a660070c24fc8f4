import { join, resolve } from 'node:path';
import { type Digest, digestHex } from '../lib/digest.ts';
import { type CosaError, usageError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { openLayout } from './layout.ts';
import { formatReference, parseReference } from './reference.ts';
import type { ContentReader } from './store.ts';
import type { Descriptor } from './types.ts';

/** An image that a reference names: where to read it, and what it points to. */
export interface OpenedReference {
  /** The reference as it was given. */
  name: string;
  reader: ContentReader;
  /** Of a manifest, or of an index. */
  descriptor: Descriptor;
  /** The OCI layout's directory. */
  directory: string;
}

/** Shorter prefixes are typing errors more often than digests. */
const shortestPrefix = 4;

/**
 * Finds the image that a reference names.
 * @param workDirectory where `oci/` lies, and what relative paths start from
 * @throws CosaError `REFERENCE_INVALID`, `TRANSPORT_UNSUPPORTED`, `LAYOUT_MISSING`, `TAG_UNKNOWN` with near tags,
 *   `DIGEST_UNKNOWN`, `REFERENCE_AMBIGUOUS` listing the candidates (all exit 2)
 */
export async function openReference(text: string, workDirectory: string): Promise<OpenedReference> {
  const reference = parseReference(text);
  switch (reference.transport) {
    case 'docker':
    case 'oci-archive':
      throw usageError('TRANSPORT_UNSUPPORTED', `${formatReference(reference)}: this version reads OCI layouts only`, {
        hint: `copy it first: skopeo copy ${text} oci:DIR:TAG`,
      });
    case 'oci': {
      const directory = resolve(workDirectory, reference.directory);
      const reader = await openLayout(directory);
      const selector = reference.digest ?? reference.tag;
      const descriptor = selector === undefined ? await only(reader, text) : await find(reader, selector, directory);
      return { name: text, reader, descriptor, directory };
    }
    case 'local': {
      const directory = join(workDirectory, 'oci');
      const reader = await openLayout(directory);
      return { name: text, reader, descriptor: await find(reader, reference.name, directory), directory };
    }
  }
}

async function only(reader: ContentReader, text: string): Promise<Descriptor> {
  const tags = await reader.listTags();
  const images = new Map([...tags.values()].map((descriptor) => [descriptor.digest, descriptor]));
  const [first, second] = images.values();
  if (first === undefined) throw usageError('TAG_UNKNOWN', `${text} holds no tagged image`);
  if (second === undefined) return first;
  throw usageError('REFERENCE_AMBIGUOUS', `${text} holds ${images.size} images: ${listed([...tags.keys()])}`, {
    hint: `choose one: ${text}:TAG`,
  });
}

/** A tag wins over a digest prefix: a version may well look like one. */
async function find(reader: ContentReader, name: string, where: string): Promise<Descriptor> {
  const tags = await reader.listTags();
  const tagged = tags.get(name);
  if (tagged !== undefined) return tagged;
  const prefix = /^(?:sha256:)?([0-9a-f]+)$/.exec(name)?.[1];
  if (prefix !== undefined && prefix.length >= shortestPrefix) {
    const found = await findDigest(reader, tags, prefix, where);
    if (found !== undefined) return found;
  }
  throw unknownTag(name, tags, where);
}

async function findDigest(
  reader: ContentReader,
  tags: ReadonlyMap<string, Descriptor>,
  prefix: string,
  where: string,
): Promise<Descriptor | undefined> {
  if (prefix.length === 64) {
    const digest: Digest = `sha256:${prefix}`;
    const found = await reader.resolveDigest(digest);
    if (found === undefined) throw usageError('DIGEST_UNKNOWN', `${where} holds no image ${digest}`);
    return found;
  }
  const matching = new Map<Digest, { descriptor: Descriptor; tags: string[] }>();
  for (const [tag, descriptor] of tags) {
    if (!digestHex(descriptor.digest).startsWith(prefix)) continue;
    const entry = matching.get(descriptor.digest) ?? { descriptor, tags: [] };
    entry.tags.push(tag);
    matching.set(descriptor.digest, entry);
  }
  if (matching.size > 1) {
    const candidates = [...matching].map(([digest, entry]) => `${digest} (${entry.tags.join(', ')})`);
    throw usageError('REFERENCE_AMBIGUOUS', `"${prefix}" begins several digests: ${candidates.join('; ')}`, {
      hint: 'give more digits',
    });
  }
  return [...matching.values()][0]?.descriptor;
}

function unknownTag(name: string, tags: ReadonlyMap<string, Descriptor>, where: string): CosaError {
  const near = nearest(name, tags.keys(), 3);
  const hint =
    tags.size === 0
      ? 'nothing is tagged there yet: cosa ostree build'
      : near.length > 0
        ? `did you mean ${near.join(' or ')}?`
        : `there are: ${listed([...tags.keys()])}`;
  return usageError('TAG_UNKNOWN', `${where} has no tag or digest "${name}"`, { hint });
}

function listed(names: readonly string[]): string {
  const shown = 10;
  return names.length > shown
    ? `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
    : names.join(', ');
}
