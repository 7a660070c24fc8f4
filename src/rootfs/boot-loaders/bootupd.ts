import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { z } from 'zod';
import { type BootLoaderLayout, bootupdPlaces, isWholeEfi } from '../../contract/boot-loader-places.ts';
import { prettyJson } from '../../lib/canonical-json.ts';
import { faultText, parseDocument } from '../../lib/document.ts';
import { CosaError } from '../../lib/errors.ts';
import { readBytesInRoot, readTextInRootIfExists } from '../../lib/root-files.ts';
import { walkTree } from '../walk.ts';
import { allPresent } from './find.ts';

// https://github.com/coreos/bootupd: what it keeps of an update, and what it remembers of a disk.

/** Which versions an update brings, as bootupd writes it. */
const metadataSchema = z.object({
  timestamp: z.string(),
  version: z.string(),
  versions: z.array(z.object({ name: z.string(), rpm_evr: z.string() })).nullish(),
});

type Metadata = z.output<typeof metadataSchema>;

/** A file of the EFI system partition that bootupd updates. */
interface BootupdFile {
  /** Below EFI: `fedora/shimx64.efi`. */
  path: string;
  /** Absolute path in the root. */
  source: string;
}

/** What bootupd in the booted system will take for an update. */
export interface BootupdPayload {
  efi: Metadata;
  /** Undefined if it does not update GRUB for BIOS. */
  bios: Metadata | undefined;
  /** Sorted by path. */
  files: readonly BootupdFile[];
}

/**
 * The update that bootupd has prepared in the root; `undefined` without one, or if no place has all of it.
 * @throws CosaError `BOOT_LOADER_FAILED` if it cannot be read
 */
export async function findBootupdPayload(root: string, layout: BootLoaderLayout): Promise<BootupdPayload | undefined> {
  const efi = await readMetadata(root, 'EFI');
  if (efi === undefined) return undefined;
  for (const pattern of bootupdPlaces.trees) {
    const files = new Map<string, string>();
    // The newest last: of two versions, it stays.
    for (const { path: tree } of (await allPresent(root, pattern)).reverse()) {
      for await (const { path, entry } of walkTree(root, tree)) {
        if (entry.isFile()) files.set(posix.relative(tree, path), path);
      }
    }
    if (!isWholeEfi(files.keys(), layout)) continue;
    const sorted = [...files].map(([path, source]) => ({ path, source }));
    return { efi, bios: await readMetadata(root, 'BIOS'), files: sorted };
  }
  return undefined;
}

async function readMetadata(root: string, component: string): Promise<Metadata | undefined> {
  const path = `${bootupdPlaces.metadata}/${component}.json`;
  const text = await readTextInRootIfExists(root, path);
  if (text === undefined) return undefined;
  return parseDocument(metadataSchema, text, (fault) => {
    return new CosaError(
      'BOOT_LOADER_FAILED',
      `${path} of the root is not what bootupd writes: ${faultText(fault, 'it ')}`,
    );
  });
}

/**
 * What bootupd would remember had it installed the boot loaders itself: then it updates them.
 * @param hasBios true if disks get GRUB for BIOS
 */
export async function bootupdState(root: string, payload: BootupdPayload, hasBios: boolean): Promise<string> {
  const { efi, bios, files } = payload;
  const children: Record<string, { size: number; sha512: string }> = {};
  for (const { path, source } of files) {
    const content = await readBytesInRoot(root, source);
    const sha512 = createHash('sha512').update(content).digest('hex');
    children[path] = { size: content.length, sha512: `sha512:${sha512}` };
  }
  const installed = {
    ...(bios === undefined || !hasBios ? {} : { BIOS: { meta: bios, filetree: null, 'adopted-from': null } }),
    EFI: { meta: efi, filetree: { children }, 'adopted-from': null },
  };
  return prettyJson({ installed, pending: null, 'static-configs': null });
}
