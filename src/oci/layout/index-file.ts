import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { canonicalJson, type Json } from '../../lib/canonical-json.ts';
import type { Digest } from '../../lib/digest.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { isSystemError, usageError, verificationError } from '../../lib/errors.ts';
import { fsyncPath, isTemporaryName, writeFileAtomic } from '../../lib/files.ts';
import { parse, parseIndex } from '../schemas.ts';
import { type Descriptor, mediaTypes } from '../types.ts';
import { openRegularFile } from './blobs.ts';
import { isBlobName, type LayoutPaths } from './paths.ts';
import { refuseLinks } from './refuse-links.ts';

/** The annotation that makes an entry of index.json a tag. */
export const refName = 'org.opencontainers.image.ref.name';

/** A layout of thousands of builds stays far below; a larger file is not an index. */
export const maximumIndexBytes = 32 * 1024 * 1024;

/** The content of `oci-layout`. */
export const layoutFileText = canonicalJson({ imageLayoutVersion: '1.0.0' });
const layoutFile = z.object({ imageLayoutVersion: z.literal('1.0.0') });

/**
 * Makes the files of an empty layout where they are missing. Idempotent.
 * @throws CosaError `LAYOUT_INVALID` (exit 4) for a layout that is to be left alone; see {@link refuseLinks}
 */
export async function initializeLayout(paths: LayoutPaths): Promise<void> {
  await refuseLinks(paths);
  await makeDirectory(paths.blobs);
  await makeDirectory(paths.temporary);
  if ((await readText(paths.layoutFile)) !== undefined) return;
  // What the new directories are entries of is flushed as well, or a power loss may take the layout with all its blobs.
  await fsyncPath(dirname(paths.blobs));
  await writeFileAtomic(paths.layoutFile, layoutFileText);
  await fsyncPath(dirname(paths.directory)).catch((error: unknown) => {
    // Where others may not read, the directory was there already.
    if (!isSystemError(error, 'EACCES')) throw error;
  });
}

/**
 * Checks that the directory is an OCI layout of a version that we know.
 * @throws CosaError `LAYOUT_MISSING` (exit 2), `LAYOUT_INVALID` (exit 4)
 */
export async function requireLayout(paths: LayoutPaths): Promise<void> {
  const text = await readText(paths.layoutFile);
  if (text === undefined) {
    throw usageError('LAYOUT_MISSING', `${paths.directory} is not an OCI layout: it has no file "oci-layout"`, {
      hint: 'name the directory that holds oci-layout and index.json, or build first: cosa ostree build',
    });
  }
  requireVersion(text, paths.layoutFile);
}

/**
 * Checks the content of a file `oci-layout`.
 * @param what names it in errors
 * @throws CosaError `LAYOUT_INVALID` (exit 4)
 */
export function requireVersion(text: string, what: string): void {
  parse(layoutFile, text, what, 'LAYOUT_INVALID');
}

/**
 * The entries of index.json, in the file's order; none if the layout is new.
 * @throws CosaError `INDEX_INVALID` (exit 4)
 */
export async function readEntries(paths: LayoutPaths): Promise<readonly Descriptor[]> {
  const text = await readText(paths.indexFile);
  return text === undefined ? [] : parseIndex(text, paths.indexFile).manifests;
}

/**
 * Replaces index.json as a whole; the caller holds the index lock. Everything that was renamed into the
 * blob directory before is durable before the new index is.
 */
export async function writeEntries(paths: LayoutPaths, entries: readonly Descriptor[]): Promise<void> {
  await fsyncPath(paths.blobs);
  await writeFileAtomic(paths.indexFile, indexText(entries));
}

/** The content of index.json. */
export function indexText(entries: readonly Descriptor[]): string {
  return canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: entries.map(toJson) });
}

function toJson({ platform, ...rest }: Descriptor): Json {
  return { ...rest, platform: platform && { ...platform } };
}

/** The tag that an entry of index.json carries, if any. */
export function tagOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[refName];
}

/** The descriptor without its tag: what the tag points to. */
export function withoutTag({ annotations, ...descriptor }: Descriptor): Descriptor {
  const rest = Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => key !== refName));
  return Object.keys(rest).length === 0 ? descriptor : { ...descriptor, annotations: rest };
}

/** Removes what killed writers left; the caller has made sure that nobody writes. Returns how many files. */
export async function removeLeftovers(paths: LayoutPaths): Promise<number> {
  await refuseLinks(paths);
  const leftovers = await listLeftovers(paths);
  await Promise.all(leftovers.map((path) => rm(path, { force: true })));
  return leftovers.length;
}

/** Paths of the files that killed (or running) writers left unfinished: those alone that have a writer's names. */
export async function listLeftovers(paths: LayoutPaths): Promise<string[]> {
  const found: string[] = [];
  for (const directory of [paths.temporary, paths.directory]) {
    for (const { name, isDirectory } of await listEntries(directory)) {
      if (isTemporaryName(name) && !isDirectory) found.push(join(directory, name));
    }
  }
  return found.sort();
}

/** Digests of all blobs that are there, sorted. */
export async function listBlobs(paths: LayoutPaths): Promise<Digest[]> {
  const names = (await listEntries(paths.blobs)).map(({ name }) => name).filter(isBlobName);
  return names.sort().map((name): Digest => `sha256:${name}`);
}

async function listEntries(directory: string): Promise<{ name: string; isDirectory: boolean }[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    await using handle = await openRegularFile(path);
    const { size } = await handle.stat();
    if (size > maximumIndexBytes) {
      throw verificationError('INDEX_INVALID', `${path} has ${size} bytes; at most ${maximumIndexBytes} are accepted`);
    }
    return await handle.readFile('utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
