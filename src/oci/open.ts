import { type Digest, digestHex } from '../lib/digest.ts';
import { type CosaError, usageError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';
import type { Place } from './place.ts';
import { findReference } from './reference.ts';
import type { Registries } from './registries.ts';
import type { Selector } from './selector.ts';
import type { ContentReader } from './store.ts';
import { isMachineryTag } from './tag.ts';
import type { Descriptor } from './types.ts';

/** An image that a reference names: where to read it, and what it points to. */
export interface OpenedReference {
  /** The reference as it was given. */
  name: string;
  /** The tag and the digest in it. */
  selector: Selector;
  place: Place;
  reader: ContentReader;
  /** Of a manifest, or of an index. */
  descriptor: Descriptor;
}

/** Shorter prefixes are typing errors more often than digests. */
const shortestPrefix = 4;

/**
 * Finds the image that a reference names.
 * @param workDirectory where `oci/` lies, and what relative paths start from
 * @throws CosaError `REFERENCE_INVALID`, `TAG_UNKNOWN` with near tags, `DIGEST_UNKNOWN`, `REFERENCE_AMBIGUOUS` listing the candidates (all
 *   exit 2), what `Place.open` throws
 */
export async function openReference(
  text: string,
  workDirectory: string,
  registries: Registries,
): Promise<OpenedReference> {
  const reference = await findReference(text, workDirectory);
  const { tag, digest } = reference;
  const place = reference.placeIn(workDirectory);
  const reader = await place.open(registries);
  const where = place.format();
  const opened = (descriptor: Descriptor) => ({ name: text, selector: { tag, digest }, place, reader, descriptor });
  if (digest !== undefined) return opened(await findDigest(reader, digest, where));
  const name = reference.name ?? tag ?? place.defaultTag;
  return opened(await (name === undefined ? onlyImage(reader, text) : find(reader, name, where)));
}

/** The only image that has a tag; if none has one, as in what "podman save" writes, the only image of all. */
async function onlyImage(layout: ContentReader, text: string): Promise<Descriptor> {
  const tags = [...(await layout.listTags())].filter(([tag]) => !isMachineryTag(tag));
  const found = tags.length > 0 ? tags.map(([, descriptor]) => descriptor) : await untaggedImages(layout);
  const images = new Map(found.map((descriptor) => [descriptor.digest, descriptor]));
  const [first, second] = images.values();
  if (first === undefined) throw usageError('TAG_UNKNOWN', `${text} holds no image`);
  if (second === undefined) return first;
  const names = tags.length > 0 ? tags.map(([tag]) => tag) : [...images.keys()];
  throw usageError('REFERENCE_AMBIGUOUS', `${text} holds ${images.size} images: ${listed(names)}`, {
    hint: `choose one: ${text}${tags.length > 0 ? ':TAG' : '@DIGEST'}`,
  });
}

async function untaggedImages(layout: ContentReader): Promise<readonly Descriptor[]> {
  return (await layout.untagged()).flatMap(({ descriptor, reason }) =>
    descriptor === undefined || reason !== undefined ? [] : [descriptor],
  );
}

/** A tag wins over a digest prefix: a version may well look like one. */
async function find(reader: ContentReader, name: string, where: string): Promise<Descriptor> {
  const tagged = await reader.resolveTag(name);
  if (tagged !== undefined) return tagged;
  const prefix = /^(?:sha256:)?([0-9a-f]+)$/.exec(name)?.[1];
  if (prefix !== undefined && prefix.length >= shortestPrefix) {
    const found = prefix.length === 64 ? findDigest(reader, `sha256:${prefix}`, where) : findPrefix(reader, prefix);
    const descriptor = await found;
    if (descriptor !== undefined) return descriptor;
  }
  const tags = await reader.tagNames();
  if (tags.includes(name)) {
    throw usageError('TAG_UNKNOWN', `${where} has the tag ${JSON.stringify(name)}, and what it points to is gone`, {
      hint: 'copy or build the image again',
    });
  }
  throw unknownTag(
    name,
    tags.filter((tag) => !isMachineryTag(tag)),
    where,
  );
}

async function findDigest(reader: ContentReader, digest: Digest, where: string): Promise<Descriptor> {
  const found = await reader.resolveDigest(digest);
  if (found === undefined) throw usageError('DIGEST_UNKNOWN', `${where} holds no image ${digest}`);
  return found;
}

async function findPrefix(reader: ContentReader, prefix: string): Promise<Descriptor | undefined> {
  const tags = await reader.listTags();
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

function unknownTag(name: string, tags: readonly string[], where: string): CosaError {
  const near = nearest(name, tags, 3);
  const hint =
    tags.length === 0
      ? 'nothing is tagged there yet: cosa ostree build'
      : near.length > 0
        ? `did you mean ${near.join(' or ')}?`
        : `there are: ${listed(tags)}`;
  return usageError('TAG_UNKNOWN', `${where} has no tag or digest "${name}"`, { hint });
}

function listed(names: readonly string[]): string {
  const shown = 10;
  return names.length > shown
    ? `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
    : names.join(', ');
}
