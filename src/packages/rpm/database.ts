import { CosaError } from '../../lib/errors.ts';
import { readBytesInRootIfExists } from '../../lib/root-files.ts';
import { InvalidDatabaseError } from './database/invalid.ts';
import { ndbBlobs } from './database/ndb.ts';
import { sqliteBlobs } from './database/sqlite.ts';
import { type RpmFile, readFiles } from './header/files.ts';
import { InvalidHeaderError, parseHeader } from './header/values.ts';
import { describePackage, type RpmHeader } from './header.ts';

/** Where rpm's database lies in a root, from the beginning: rpm-ostree's place, which is read-only in a booted system. */
export const installedDatabase = '/usr/share/rpm';

/** The database's file in the format that most systems have, and in that of SUSE's. */
export const sqliteFile = `${installedDatabase}/rpmdb.sqlite`;
const ndbFile = `${installedDatabase}/Packages.db`;

/** A package as a database has it. */
export interface InstalledRpm {
  header: Omit<RpmHeader, 'payloadOffset' | 'headerSha256'>;
  files: readonly RpmFile[];
}

/** A key in the database is a package to rpm, and none to anybody else. */
const keyName = 'gpg-pubkey';

/**
 * The packages that are installed in a root, in the order in which they were. The file is read as it is:
 * no program of the root need run, which may be of another architecture.
 * @throws CosaError `PACKAGE_DATABASE_MISSING`
 */
export async function readDatabase(root: string): Promise<InstalledRpm[]> {
  const sqlite = await readBytesInRootIfExists(root, sqliteFile);
  const file = sqlite === undefined ? ndbFile : sqliteFile;
  const bytes = sqlite ?? (await readBytesInRootIfExists(root, ndbFile));
  if (bytes === undefined) throw new CosaError('PACKAGE_DATABASE_MISSING', 'the root has no package database of rpm');
  try {
    const blobs = sqlite === undefined ? ndbBlobs(bytes) : sqliteBlobs(bytes, 'Packages', 1);
    const headers = blobs.map((blob) => describePackage(parseHeader(blob)));
    return headers
      .filter(({ name }) => name !== keyName)
      .map((header) => ({ header, files: readFiles(header.values) }));
  } catch (cause) {
    if (!(cause instanceof InvalidDatabaseError || cause instanceof InvalidHeaderError)) throw cause;
    throw new CosaError('PACKAGE_DATABASE_MISSING', `${file} of the root cannot be read: ${cause.message}`, { cause });
  }
}
