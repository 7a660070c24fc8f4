import { z } from 'zod';
import { checkDocument, type FaultError, faultText, parseJson } from '../../lib/document.ts';
import { verificationError } from '../../lib/errors.ts';
import { isKeyPart } from '../keys.ts';
import { compareVersions } from '../metadata/version-order.ts';

/** As many as a stream has in centuries. */
const mostBuilds = 100_000;

const part = z.string().refine(isKeyPart, { error: 'is no name of a build or an architecture' });

// https://github.com/coreos/coreos-assembler/blob/main/src/cosalib/builds.py
const listSchema = z.looseObject({
  'schema-version': z.string().regex(/^\d+\.\d+\.\d+$/, { error: 'is no version' }),
  builds: z.array(z.looseObject({ id: part, arches: z.array(part).max(100) })).max(mostBuilds),
  timestamp: z.string().optional(),
});

/** builds.json: the builds of a place, newest first. What is not known of it is kept. */
export type BuildsList = z.output<typeof listSchema>;

/** The version of its schema that is written; of another first number, nothing is understood. */
const ownSchema = { major: 1, text: '1.0.0' };

/** A list without builds. */
export function emptyBuildsList(): BuildsList {
  return { 'schema-version': ownSchema.text, builds: [] };
}

/**
 * Reads builds.json.
 * @param where names it in errors
 * @throws CosaError `LEGACY_RECORD_INVALID`, `LEGACY_RECORD_NEWER` (exit 4)
 */
export function parseBuildsList(text: string, where: string): BuildsList {
  const invalid: FaultError = ({ position, ...fault }) =>
    verificationError('LEGACY_RECORD_INVALID', `${where} is no list of builds: ${faultText(fault, 'it ')}`, {
      ...(position === undefined ? {} : { where: { file: where, ...position } }),
      hint: 'look at what wrote it; nothing was changed',
      cause: fault.cause,
    });
  const value = parseJson(text, invalid);
  requireKnownSchema(value, where);
  return checkDocument(listSchema, value, invalid);
}

/** Asked before the rest: of a newer schema, everything else may differ as well. */
function requireKnownSchema(value: unknown, where: string): void {
  const version = z.object({ 'schema-version': z.string() }).safeParse(value).data?.['schema-version'];
  const major = /^(\d+)\./.exec(version ?? '')?.[1];
  if (major === undefined || Number(major) === ownSchema.major) return;
  throw verificationError(
    'LEGACY_RECORD_NEWER',
    `${where} has schema version ${version}; version ${ownSchema.major} is understood`,
    { hint: 'use a cosa that knows it; nothing was changed' },
  );
}

/** A build, to be put into a list. */
export interface ListedBuild {
  id: string;
  architecture: string;
  /** When it was made: RFC 3339, UTC, in whole seconds. */
  timestamp: string;
}

/**
 * The list with a build in it: before all that are older by their version, or with an architecture more where it is
 * there.
 * @returns the list itself if it has the build
 */
export function withBuild(list: BuildsList, { id, architecture, timestamp }: ListedBuild): BuildsList {
  const present = list.builds.find((build) => build.id === id);
  if (present?.arches.includes(architecture)) return list;
  // The time of the newest build, and not that of this machine's clock: exporting again changes nothing.
  const latest = list.timestamp === undefined || list.timestamp < timestamp ? timestamp : list.timestamp;
  return { ...list, builds: withArchitecture(list.builds, id, architecture), timestamp: latest };
}

function withArchitecture(builds: BuildsList['builds'], id: string, architecture: string): BuildsList['builds'] {
  if (builds.some((build) => build.id === id)) {
    return builds.map((build) => (build.id === id ? { ...build, arches: [...build.arches, architecture] } : build));
  }
  const older = builds.findIndex((build) => compareVersions(build.id, id) < 0);
  const place = older === -1 ? builds.length : older;
  return [...builds.slice(0, place), { id, arches: [architecture] }, ...builds.slice(place)];
}
