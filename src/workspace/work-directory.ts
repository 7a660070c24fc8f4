import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { replaceFiles } from '../exec/replace-files.ts';
import { prettyJson } from '../lib/canonical-json.ts';
import { type Digest, isDigest } from '../lib/digest.ts';
import { type DocumentFault, faultText, parseDocument } from '../lib/document.ts';
import { usageError } from '../lib/errors.ts';
import { exists } from '../lib/if-exists.ts';
import { readTextIfExists } from '../lib/text-file.ts';
import type { Place } from '../oci/place.ts';
import { workDirectoryPlace } from '../oci/transports.ts';

/** What `cosa init` was told; `cosa.json` holds it. */
const settingsSchema = z.strictObject({
  config: z.strictObject({
    /** Git URL, or the absolute path of a directory. */
    source: z.string().min(1),
    branch: z.string().min(1).optional(),
    /** The commit that was checked out by `init`. */
    revision: z.string().min(1).optional(),
  }),
  /** The container that the first build follows on: it stays where it is, and is read from there by its digest. */
  upstream: z
    .strictObject({
      /** As it was given; relative paths start at the work directory. */
      reference: z.string().min(1),
      digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), { error: 'expected a digest' }),
    })
    .optional(),
  /** Overrides `variables.stream` of the config. */
  stream: z.string().min(1).optional(),
  /** Which of the config's variants is built. */
  variant: z.string().min(1).optional(),
  /** Win over `variables` of the config. */
  variables: z.record(z.string().regex(/^[A-Za-z0-9_]+$/), z.union([z.string(), z.int(), z.boolean()])).optional(),
  /** What the config builds upon, instead of its builder image: a path or a reference; relative paths start at the work directory. */
  baseManifest: z.string().min(1).optional(),
});

export type WorkDirectorySettings = z.output<typeof settingsSchema>;

/** The places in a work directory. All paths are absolute; none but `cosa.json` needs to exist. */
export interface WorkDirectory {
  root: string;
  /** The config: a git clone, or a link to a local directory. */
  config: string;
  /** The OCI layout with every build and tag. */
  oci: string;
  /** Disk images, a directory a version. */
  images: string;
  /** Always safe to delete. */
  cache: string;
  /** Local packages and files for development. */
  overrides: string;
  settings: WorkDirectorySettings;
}

const settingsName = 'cosa.json';

/** Bytes; it holds a few lines. */
const maximumSettingsBytes = 64 * 1024;

/** The paths of a work directory, whether it exists or not. */
export function workDirectoryAt(directory: string, settings: WorkDirectorySettings): WorkDirectory {
  const root = resolve(directory);
  return {
    root,
    config: join(root, 'src', 'config'),
    oci: join(root, 'oci'),
    images: join(root, 'images'),
    cache: join(root, 'cache'),
    overrides: join(root, 'overrides'),
    settings,
  };
}

/** In `cache/`: held while disk images are made, and left there. */
const imagesLock = 'images.lock';

/** The lock of those who make disk images of this work directory. */
export function imagesLockOf({ cache }: Pick<WorkDirectory, 'cache'>): string {
  return join(cache, imagesLock);
}

/**
 * The work directory whose `cache/` is meant: disk images are made without one, too, and what they leave in `cache/` is
 * known by its lock.
 * @throws CosaError as {@link openWorkDirectory}
 */
export async function openCachedDirectory(start: string): Promise<WorkDirectory> {
  const bare = workDirectoryAt(start, { config: { source: '' } });
  if ((await findRoot(bare.root)) === undefined && (await exists(imagesLockOf(bare)))) return bare;
  return openWorkDirectory(start);
}

/** A work directory's own `oci/`, as a place for containers. */
export function ownPlace(work: WorkDirectory): Place {
  return workDirectoryPlace(work.root);
}

/**
 * Opens the work directory that `start` lies in: the nearest directory upwards with a `cosa.json`.
 * @throws CosaError `WORK_DIRECTORY_MISSING`, `WORK_DIRECTORY_INVALID` (exit 2)
 */
export async function openWorkDirectory(start: string): Promise<WorkDirectory> {
  const root = await findRoot(resolve(start));
  if (root === undefined) {
    throw usageError('WORK_DIRECTORY_MISSING', `${resolve(start)} is not in a work directory: there is no cosa.json`, {
      hint: 'make one with "cosa init SOURCE", or name one with --directory',
    });
  }
  const settings = await readSettings(root);
  if (settings === undefined) throw new Error(`${settingsName} vanished from ${root}`);
  return workDirectoryAt(root, settings);
}

/**
 * The settings kept in a directory, or `undefined` if it is no work directory.
 * @throws CosaError `WORK_DIRECTORY_INVALID` (exit 2)
 */
export async function readSettings(directory: string): Promise<WorkDirectorySettings | undefined> {
  const file = join(directory, settingsName);
  const text = await readTextIfExists(file, maximumSettingsBytes);
  if (text === undefined) return undefined;
  return parseDocument(settingsSchema, text, (fault) =>
    fault.unknownKey === undefined ? invalid(file, fault) : unknownSetting(file, fault.unknownKey),
  );
}

/** Replaces the settings of a work directory, as a whole. */
export async function writeSettings(directory: string, settings: WorkDirectorySettings): Promise<void> {
  await replaceFiles(directory, new Map([[settingsName, prettyJson(settings)]]));
}

async function findRoot(start: string): Promise<string | undefined> {
  for (let directory = start; ; directory = dirname(directory)) {
    try {
      await access(join(directory, settingsName));
      return directory;
    } catch {
      // Not here: look one level up.
    }
    if (directory === dirname(directory)) return undefined;
  }
}

/** Not passed over: what a newer version has written there may decide what is built. */
function unknownSetting(file: string, key: string) {
  return usageError('WORK_DIRECTORY_INVALID', `cosa.json has the key "${key}", which this version does not know`, {
    where: { file },
    hint: `a newer cosa has written it: use that one, or remove the key "${key}" from the file`,
  });
}

function invalid(file: string, fault: DocumentFault) {
  return usageError('WORK_DIRECTORY_INVALID', `cosa.json cannot be read: ${faultText(fault, 'it ')}`, {
    where: { file, ...fault.position },
    hint: 'write it anew with "cosa init --force SOURCE"',
  });
}
