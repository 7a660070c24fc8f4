import { basename } from 'node:path';
import { z } from 'zod';
import { architectureNames } from '../lib/architecture.ts';
import { prettyJson } from '../lib/canonical-json.ts';
import { usageError } from '../lib/errors.ts';
import { writeFileAtomic } from '../lib/files.ts';
import { readTextIfExists } from '../lib/text-file.ts';
import type { LockedPackage, Lockfile } from './backend.ts';

const packageName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._-]*$/, 'expected a package name');

const packageEntry = z.object({
  evra: z.string().regex(/^\S+\.[A-Za-z0-9_-]+$/, 'expected VERSION.ARCHITECTURE'),
  metadata: z.object({
    source: packageName,
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits'),
    size: z.int().nonnegative(),
    repository: z.string().min(1),
    path: z.string().refine(isRelativePath, 'expected a path below the repository'),
  }),
});

/** Keys of other tools are let through: the format is shared with coreos-assembler. */
const lockfileSchema = z.object({
  packages: z.record(packageName, packageEntry),
  metadata: z.object({
    basearch: z.enum(architectureNames),
    /** The newest date of the repositories' signed indexes: not the clock's, so that the same choice is the same file. */
    generated: z.iso.datetime(),
  }),
});

function isRelativePath(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** The text of a lockfile: sorted, indented, the same for the same lock. */
export function formatLockfile(lock: Lockfile): string {
  const packages = Object.fromEntries(
    lock.packages.map(({ name, version, architecture, source, sha256, size, repository, path }) => [
      name,
      { evra: `${version}.${architecture}`, metadata: { source, sha256, size, repository, path } },
    ]),
  );
  const generated = `${new Date(lock.repositoryTimestamp * 1000).toISOString().slice(0, 19)}Z`;
  return prettyJson({ packages, metadata: { basearch: lock.basearch, generated } });
}

/**
 * Parses a lockfile.
 * @param file how errors name it
 * @throws CosaError `LOCKFILE_INVALID` (exit 2) with the path of the key that is wrong
 */
export function parseLockfile(text: string, file: string): Lockfile {
  const parsed = lockfileSchema.safeParse(parseJson(text, file));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
    throw invalid(file, `${place}${issue === undefined ? 'not the expected structure' : describe(issue)}`);
  }
  const { packages, metadata } = parsed.data;
  const locked: LockedPackage[] = Object.entries(packages).map(([name, entry]) => {
    const dot = entry.evra.lastIndexOf('.');
    return { name, version: entry.evra.slice(0, dot), architecture: entry.evra.slice(dot + 1), ...entry.metadata };
  });
  locked.sort((a, b) => (a.name < b.name ? -1 : 1));
  const repositoryTimestamp = Math.floor(Date.parse(metadata.generated) / 1000);
  return { basearch: metadata.basearch, packages: locked, repositoryTimestamp };
}

/**
 * Reads a lockfile, or gives `undefined` if there is none.
 * @throws CosaError `LOCKFILE_INVALID` (exit 2), also if it is another architecture's
 */
export async function readLockfile(path: string, basearch: string): Promise<Lockfile | undefined> {
  const text = await readTextIfExists(path);
  if (text === undefined) return undefined;
  const lock = parseLockfile(text, path);
  if (lock.basearch !== basearch) {
    throw invalid(path, `metadata.basearch: it is for ${lock.basearch}, and ${basearch} is being built`);
  }
  return lock;
}

/** Replaces a lockfile as a whole. */
export async function writeLockfile(path: string, lock: Lockfile): Promise<void> {
  await writeFileAtomic(path, formatLockfile(lock));
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(file, error instanceof Error ? error.message : 'not JSON');
  }
}

/** A record's bad key is reported with the reason one level down. */
function describe(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
}

function invalid(file: string, message: string) {
  return usageError('LOCKFILE_INVALID', `${basename(file)} is not a lockfile: ${message}`, {
    where: { file },
    hint: 'write it anew with "cosa fetch --update-lockfile"',
  });
}
