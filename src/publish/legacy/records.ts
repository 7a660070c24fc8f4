import { checkKey } from '../keys.ts';
import type { ObjectStore } from '../object-store.ts';
import { readDocument, updateDocument } from '../update.ts';
import { type BuildsList, emptyBuildsList, parseBuildsList, withBuild } from './builds-list.ts';
import { type LegacyMeta, mergeMeta, type OwnMeta, parseLegacyMeta } from './meta.ts';
import { buildPath, buildsDirectory, buildsListName, metaName } from './paths.ts';

/** Of a record that is read, in bytes: a meta.json has some kilobytes, a list of builds a hundred for each. */
export const mostRecordBytes = 16 * 1024 * 1024;

/** The key of the list of builds. */
const buildsListKey = `${buildsDirectory}/${buildsListName}`;

/** The key of a file beside a build's record. @throws CosaError `STORE_KEY` (exit 4) */
export function buildFileKey(id: string, architecture: string, file: string): string {
  return checkKey(`${buildsDirectory}/${buildPath(id, architecture)}/${file}`);
}

/** The record of a build, if it is there. @throws CosaError what `readDocument` and `parseLegacyMeta` throw */
export async function readMeta(
  store: ObjectStore,
  id: string,
  architecture: string,
  signal?: AbortSignal,
): Promise<LegacyMeta | undefined> {
  const key = buildFileKey(id, architecture, metaName);
  const document = await readDocument(store, key, mostRecordBytes, signal);
  return document && parseLegacyMeta(document.text, nameOf(store, key));
}

/** The list of builds, if there is one. @throws CosaError what `readDocument` and `parseBuildsList` throw */
export async function readBuildsList(store: ObjectStore, signal?: AbortSignal): Promise<BuildsList | undefined> {
  const document = await readDocument(store, buildsListKey, mostRecordBytes, signal);
  return document && parseBuildsList(document.text, nameOf(store, buildsListKey));
}

/**
 * Makes sure that a build can be recorded beside what is there of it.
 * @throws CosaError `LEGACY_BUILD_DIFFERS` (exit 4)
 */
export function requireMergeable(store: ObjectStore, present: LegacyMeta | undefined, made: OwnMeta): void {
  if (present !== undefined) mergeMeta(present, made, metaNameOf(store, made));
}

/** True if nothing of the records would change. Throws what {@link recordBuild} would. */
export async function isRecorded(
  store: ObjectStore,
  { present, made }: { present: LegacyMeta | undefined; made: OwnMeta },
  signal?: AbortSignal,
): Promise<boolean> {
  const { buildid: id, 'coreos-assembler.basearch': architecture } = made;
  if (present === undefined) return false;
  if (mergeMeta(present, made, metaNameOf(store, made)) !== present) return false;
  const list = await readBuildsList(store, signal);
  return list?.builds.some((build) => build.id === id && build.arches.includes(architecture)) ?? false;
}

export interface Recorded {
  /** Which of the two documents were changed. */
  meta: boolean;
  list: boolean;
  /** The list as it is now. */
  builds: BuildsList;
}

/**
 * Records a build whose files are all there: first itself, then in the list of builds, where others find it. Whoever else
 * records something at the same time loses nothing by it.
 * @param build made by `legacyMeta`
 * @param timestamp when it was made: RFC 3339, UTC, in whole seconds
 * @throws CosaError what `mergeMeta`, the parsers and `updateDocument` throw
 */
export async function recordBuild(
  store: ObjectStore,
  build: OwnMeta,
  timestamp: string,
  signal?: AbortSignal,
): Promise<Recorded> {
  const { buildid: id, 'coreos-assembler.basearch': architecture } = build;
  const metaKey = buildFileKey(id, architecture, metaName);
  const meta = await updateDocument(store, metaKey, (text) => mergedText(text, build, nameOf(store, metaKey)), signal);
  let builds = emptyBuildsList();
  const list = await updateDocument(
    store,
    buildsListKey,
    (text) => {
      const present = text === undefined ? emptyBuildsList() : parseBuildsList(text, nameOf(store, buildsListKey));
      builds = withBuild(present, { id, architecture, timestamp });
      return text !== undefined && builds === present ? undefined : recordText(builds);
    },
    signal,
  );
  return { meta: meta.changed, list: list.changed, builds };
}

function mergedText(text: string | undefined, build: LegacyMeta, where: string): string | undefined {
  if (text === undefined) return recordText(build);
  const present = parseLegacyMeta(text, where);
  const merged = mergeMeta(present, build, where);
  return merged === present ? undefined : recordText(merged);
}

/** As upstream writes it: in the order of what was there. */
function recordText(record: object): string {
  return `${JSON.stringify(record, null, 4)}\n`;
}

function metaNameOf(store: ObjectStore, { buildid, 'coreos-assembler.basearch': architecture }: OwnMeta): string {
  return nameOf(store, buildFileKey(buildid, architecture, metaName));
}

function nameOf(store: ObjectStore, key: string): string {
  return `${store.url}/${key}`;
}
