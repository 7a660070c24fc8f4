import { z } from 'zod';
import { isDigest } from '../../lib/digest.ts';
import { sortByBytes } from '../../lib/order.ts';
import {
  type BuildName,
  buildsPrefix,
  imagesKey,
  parseImagesKey,
  releaseIndexKey,
  releaseKey,
  versionPrefix,
} from '../keys.ts';
import { type DocumentKind, parseMetadata } from '../metadata/document.ts';
import { releaseDocument } from '../metadata/release.ts';
import { releaseIndexDocument } from '../metadata/release-index.ts';
import { streamDocument } from '../metadata/stream.ts';
import { mostDocumentBytes, type ObjectStore, type StoredObject } from '../object-store.ts';
import { parsePublishedImages } from '../published-images.ts';
import { readDocument } from '../update.ts';
import type { RetainedItem } from './plan.ts';
import { dateOfVersion, timeOf } from './version-date.ts';

/** A version that lies in an object store. */
interface PublishedVersion {
  stream: string;
  version: string;
  /** How many objects it has, and their bytes. */
  objects: number;
  bytes: number;
  /** Milliseconds since the epoch, as far as it says. */
  created: number | undefined;
  /** The digests of its containers, sorted. */
  containers: readonly string[];
  /** What its metadata leads to besides: prefixes of other versions. */
  leadsTo: readonly string[];
  /** `unfinished` if nothing says yet that it is there, `removing` if its removal has begun. */
  state: 'published' | 'unfinished' | 'removing';
}

export interface PublishedVersions {
  versions: readonly PublishedVersion[];
  /** Of each prefix of a version that stream metadata leads to, which stream's. */
  named: ReadonlyMap<string, string>;
}

/** What the objects of all streams begin with. */
const allStreams = 'prod/streams/';
const streamDocuments = 'streams/';

/** The document that says of a version that it is going: what removes objects leaves it until the last is gone. */
const removalName = 'removing.json';

/** The key of {@link PublishedVersion.state}'s `removing`. */
export function removalKey(version: Pick<BuildName, 'stream' | 'version'>): string {
  return `${versionPrefix(version)}${removalName}`;
}

/**
 * Everything that is published in a store, and what stream metadata needs of it.
 * @throws CosaError `METADATA_INVALID`, `METADATA_NEWER`, `PUBLISHED_INVALID`, `PUBLISHED_NEWER` (exit 4): of what cannot be read nobody
 *   knows what it needs; what the store throws
 */
export async function readPublishedVersions(store: ObjectStore, signal?: AbortSignal): Promise<PublishedVersions> {
  const named = await namedByStreams(store, signal);
  const found = new Map<string, { name: Pick<BuildName, 'stream' | 'version'>; objects: StoredObject[] }>();
  for await (const object of store.list(allStreams, signal)) {
    const name = versionOfKey(object.key);
    if (name === undefined) continue;
    const prefix = versionPrefix(name);
    const version = found.get(prefix) ?? { name, objects: [] };
    version.objects.push(object);
    found.set(prefix, version);
  }
  const indexed = await indexedVersions(store, new Set([...found.values()].map(({ name }) => name.stream)), signal);
  const versions: PublishedVersion[] = [];
  for (const [prefix, { name, objects }] of found) {
    const version = await readVersion(store, name, objects, signal);
    // Whoever has put it into the index again has published it anew.
    versions.push(version.state === 'removing' && indexed.has(prefix) ? { ...version, state: 'published' } : version);
  }
  return { versions, named };
}

/** The prefixes of those versions that the release indexes of some streams name. */
async function indexedVersions(
  store: ObjectStore,
  streams: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const indexed = new Set<string>();
  for (const stream of streams) {
    const key = releaseIndexKey(stream);
    const document = await readDocument(store, key, mostDocumentBytes, signal);
    if (document === undefined) continue;
    const { releases } = parseMetadata(releaseIndexDocument, document.text, `${store.url}/${key}`);
    for (const { version } of releases) indexed.add(`${buildsPrefix(stream)}${version}/`);
  }
  return indexed;
}

/** Prefixes of versions that stream metadata leads to, with the streams that do. Asked again before something goes. */
export async function namedByStreams(store: ObjectStore, signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const named = new Map<string, string>();
  for await (const { key } of store.list(streamDocuments, signal)) {
    const stream = /^streams\/([^/]+)\.json$/.exec(key)?.[1];
    if (stream === undefined) continue;
    const text = await documentText(store, key, streamDocument, signal);
    if (text === undefined) continue;
    for (const prefix of prefixesIn(text)) named.set(prefix, stream);
    // Images of clouds have no address here, and are of a version all the same.
    for (const version of valuesOf(JSON.parse(text), 'release'))
      named.set(`${buildsPrefix(stream)}${version}/`, stream);
  }
  return named;
}

async function readVersion(
  store: ObjectStore,
  name: Pick<BuildName, 'stream' | 'version'>,
  objects: readonly StoredObject[],
  signal: AbortSignal | undefined,
): Promise<PublishedVersion> {
  const texts: string[] = [];
  let modified: string | undefined;
  const release = await documentText(store, releaseKey(name), releaseDocument, signal);
  if (release !== undefined) {
    texts.push(release);
    modified = z.object({ metadata: z.object({ 'last-modified': z.string() }) }).safeParse(JSON.parse(release)).data
      ?.metadata['last-modified'];
  }
  for (const { key } of objects) {
    const build = parseImagesKey(key);
    const document = build && (await readDocument(store, imagesKey(build), mostDocumentBytes, signal));
    if (document === undefined) continue;
    parsePublishedImages(document.text, `${store.url}/${key}`);
    texts.push(document.text);
  }
  const isGoing = objects.some(({ key }) => key === removalKey(name));
  const own = versionPrefix(name);
  return {
    ...name,
    objects: objects.length,
    bytes: objects.reduce((sum, { size }) => sum + size, 0),
    created: dateOfVersion(name.version) ?? timeOf(modified),
    containers: sortByBytes(new Set(texts.flatMap(digestsIn))),
    leadsTo: sortByBytes(new Set(texts.flatMap(prefixesIn))).filter((prefix) => prefix !== own),
    state: isGoing ? 'removing' : texts.length === 0 ? 'unfinished' : 'published',
  };
}

async function documentText<Value>(
  store: ObjectStore,
  key: string,
  kind: DocumentKind<Value>,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const document = await readDocument(store, key, mostDocumentBytes, signal);
  if (document !== undefined) parseMetadata(kind, document.text, `${store.url}/${key}`);
  return document?.text;
}

function versionOfKey(key: string): Pick<BuildName, 'stream' | 'version'> | undefined {
  const [, stream, version] = /^prod\/streams\/([^/]+)\/builds\/([^/]+)\/./.exec(key) ?? [];
  return stream === undefined || version === undefined ? undefined : { stream, version };
}

/** Wherever an address of a version stands, and whatever host it begins with: a mirror's counts as much as ours. */
function prefixesIn(text: string): readonly string[] {
  return [...text.matchAll(/prod\/streams\/[^/"\s\\]+\/builds\/[^/"\s\\]+\//g)].map(([prefix]) => prefix);
}

function digestsIn(text: string): readonly string[] {
  return [...text.matchAll(/sha256:[0-9a-f]{64}/g)].map(([digest]) => digest).filter(isDigest);
}

/** The texts under a key, at whatever depth. */
function valuesOf(value: unknown, key: string): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, child]) =>
    name === key && typeof child === 'string' ? [child] : valuesOf(child, key),
  );
}

/**
 * What is published, as items of a plan. The container of a version that stays is needed wherever it lies.
 * @param url of the store
 * @param holders the keys of a container, by its digest
 */
export function releaseItems(
  url: string,
  { versions, named }: PublishedVersions,
  holders: (digest: string) => readonly string[],
): readonly RetainedItem[] {
  return versions.map((version) => {
    const prefix = versionPrefix(version);
    const stream = named.get(prefix);
    const name = `${version.stream} ${version.version}`;
    return {
      id: `${url}/${prefix}`,
      keys: [`${url}/${prefix}`],
      place: url,
      kind: 'release',
      name,
      stream: version.stream,
      version: version.version,
      created: version.created,
      tags: [version.version],
      isBuild: version.state === 'published',
      pinned: [
        ...(stream === undefined ? [] : [`the stream ${stream} offers it`]),
        ...(version.state === 'unfinished' ? ['its upload is not finished'] : []),
      ],
      needs: [
        ...version.leadsTo.map((other) => ({ key: `${url}/${other}`, why: `the release ${name} leads to it` })),
        ...version.containers.flatMap((digest) =>
          holders(digest).map((key) => ({ key, why: `the release ${name} is made of it` })),
        ),
      ],
    };
  });
}
