import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Digest } from '../../lib/digest.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { isSystemError, usageError, verificationError } from '../../lib/errors.ts';
import { fsyncPath, isTemporaryName, writeFileAtomic } from '../../lib/files.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { sortByBytes } from '../../lib/order.ts';
import { openRegularFile } from '../file-content.ts';
import { parse } from '../schemas.ts';
import {
  emptyIndex,
  type IndexDocument,
  type IndexLimits,
  indexText,
  ordinaryLimits,
  parseIndexDocument,
} from './index-document.ts';
import { isBlobName, type LayoutPaths } from './paths.ts';
import { refuseLinks } from './refuse-links.ts';

/** The content of `oci-layout`. */
export const layoutFileText = canonicalJson({ imageLayoutVersion: '1.0.0' });
const layoutFile = z.object({ imageLayoutVersion: z.literal('1.0.0') });

/**
 * Makes the files of an empty layout where they are missing. Idempotent.
 * @throws CosaError `LAYOUT_INVALID` (exit 4) for a layout that is to be left alone; see {@link refuseLinks}
 */
export async function initializeLayout(paths: LayoutPaths): Promise<void> {
  await makeDirectory(paths.directory);
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
 * Reads index.json; an empty one if the layout is new.
 * @throws CosaError `INDEX_INVALID` (exit 4)
 */
export async function readIndex(paths: LayoutPaths, limits: IndexLimits = ordinaryLimits): Promise<IndexDocument> {
  const text = await readText(paths.indexFile, limits);
  return text === undefined ? emptyIndex : parseIndexDocument(text, paths.indexFile, limits);
}

/** As {@link readIndex}, but a file that is still the same is not read again: the same document stands for it. */
export function indexReader(paths: LayoutPaths, limits?: IndexLimits): () => Promise<IndexDocument> {
  let known: { identity: string; document: Promise<IndexDocument> } | undefined;
  return async () => {
    const identity = await identityOf(paths.indexFile);
    if (known?.identity !== identity) known = { identity, document: readIndex(paths, limits) };
    return known.document;
  };
}

/** It is always replaced as a whole, by a new file. */
async function identityOf(path: string): Promise<string> {
  await using handle = await ifExists(openRegularFile(path));
  if (handle === undefined) return 'none';
  const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

/**
 * Replaces index.json as a whole; the caller holds the index lock. Everything that was renamed into the
 * blob directory before is durable before the new index is.
 */
export async function writeIndex(paths: LayoutPaths, document: IndexDocument): Promise<void> {
  await fsyncPath(paths.blobs);
  await writeFileAtomic(paths.indexFile, indexText(document));
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
    for (const { name, isDirectory } of await listFiles(directory)) {
      if (isTemporaryName(name) && !isDirectory) found.push(join(directory, name));
    }
  }
  return sortByBytes(found);
}

/** Digests of all blobs in a directory of them, sorted. */
export async function listBlobs(directory: string): Promise<Digest[]> {
  const names = (await listFiles(directory)).map(({ name }) => name).filter(isBlobName);
  return sortByBytes(names).map((name): Digest => `sha256:${name}`);
}

async function listFiles(directory: string): Promise<{ name: string; isDirectory: boolean }[]> {
  const entries = (await ifExists(readdir(directory, { withFileTypes: true }))) ?? [];
  return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
}

async function readText(path: string, { bytes }: IndexLimits = ordinaryLimits): Promise<string | undefined> {
  await using handle = await ifExists(openRegularFile(path));
  if (handle === undefined) return undefined;
  const { size } = await handle.stat();
  if (size > bytes) {
    throw verificationError('INDEX_INVALID', `${path} has ${size} bytes; at most ${bytes} are accepted`, {
      hint: 'remove builds that nobody needs: cosa prune --keep COUNT',
    });
  }
  return await handle.readFile('utf8');
}
