import { verificationError } from '../../lib/errors.ts';
import { type BuildName, buildsPrefix, checksumsName, releaseIndexKey, versionPrefix } from '../keys.ts';
import { parseBuildsList } from '../legacy/builds-list.ts';
import { formatMetadata, parseMetadata } from '../metadata/document.ts';
import { releaseIndexDocument } from '../metadata/release-index.ts';
import type { ObjectStore } from '../object-store.ts';
import { updateDocument } from '../update.ts';
import { namedByStreams, removalKey } from './published-versions.ts';

const removalHeaders = { contentType: 'application/json', cacheControl: 'no-store' };

/**
 * Removes a version from an object store, from above: first the indexes name it no more, then goes its metadata, then what
 * that named. At no time does metadata name an object that is not there. Killed in between, a mark says that it is
 * going, and the next time goes on from there.
 * @returns how many objects have gone
 * @throws CosaError `RETENTION_NEEDED` (exit 4) if a stream has come to offer it meanwhile; what `updateDocument`, the parsers and the
 *   store throw
 */
export async function removeVersion(
  store: ObjectStore,
  name: Pick<BuildName, 'stream' | 'version'>,
  signal?: AbortSignal,
): Promise<number> {
  const prefix = versionPrefix(name);
  const stream = (await namedByStreams(store, signal)).get(prefix);
  if (stream !== undefined) {
    throw verificationError(
      'RETENTION_NEEDED',
      `${store.url}: the stream ${stream} has come to offer ${name.version} meanwhile: it stays`,
      { hint: 'run the command again: it sees what is needed now' },
    );
  }
  await leaveIndexes(store, name, signal);
  const mark = removalKey(name);
  await store.put(mark, formatMetadata({ stream: name.stream, version: name.version }), removalHeaders, { signal });
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, signal)) if (key !== mark) keys.push(key);
  for (const key of keys.filter(isMetadata)) await store.remove(key, signal);
  for (const key of keys.filter((other) => !isMetadata(other))) await store.remove(key, signal);
  await store.remove(mark, signal);
  return keys.length;
}

/** What names other objects of its version. */
function isMetadata(key: string): boolean {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return name.endsWith('.json') || name.startsWith(checksumsName);
}

async function leaveIndexes(
  store: ObjectStore,
  { stream, version }: Pick<BuildName, 'stream' | 'version'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const index = releaseIndexKey(stream);
  await updateDocument(
    store,
    index,
    (text) => {
      if (text === undefined) return undefined;
      const value = parseMetadata(releaseIndexDocument, text, `${store.url}/${index}`);
      const releases = value.releases.filter((release) => release.version !== version);
      if (releases.length === value.releases.length) return text;
      return formatMetadata({ ...value, releases }).toString();
    },
    signal,
  );
  // What "cosa export legacy" may have left beside it.
  const list = `${buildsPrefix(stream)}builds.json`;
  await updateDocument(
    store,
    list,
    (text) => {
      if (text === undefined) return undefined;
      const value = parseBuildsList(text, `${store.url}/${list}`);
      const builds = value.builds.filter(({ id }) => id !== version);
      return builds.length === value.builds.length ? text : `${JSON.stringify({ ...value, builds }, null, 4)}\n`;
    },
    signal,
  );
}
