import { join, resolve } from 'node:path';
import { type Compressor, compressors } from '../../disk/compressors.ts';
import { findPlatform } from '../../disk/platforms/index.ts';
import type { Tool } from '../../exec/tool.ts';
import { missingTool } from '../../exec/tool-errors.ts';
import { debugfs, mke2fs } from '../../exec/tools/e2fsprogs.ts';
import { mkfsVfat } from '../../exec/tools/mkfs-vfat.ts';
import { mcopy, mmd } from '../../exec/tools/mtools.ts';
import { ostree } from '../../exec/tools/ostree.ts';
import { qemuImg } from '../../exec/tools/qemu-img.ts';
import { which } from '../../exec/which.ts';
import { waitForLock } from '../../progress/wait-for-lock.ts';
import { resolveAdmittedImage } from '../../workspace/admitted-image.ts';
import type { ResolvedImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { type DiskImage, makeDiskImage } from './disk-image.ts';
import { type ImportedContainer, importSysroot } from './import-sysroot.ts';
import { describeContainer, type SourceContainer } from './source-container.ts';

export interface BuildImagesOptions {
  /** Where the command runs: in a work directory, or anywhere with `from`. */
  directory: string;
  /** Names of platforms. */
  platforms: readonly string[];
  /** Reference of the container; the newest build unless given. */
  from?: string | undefined;
  /** Directory for the images, relative to `directory`; `images/VERSION/` of the work directory unless given. */
  output?: string | undefined;
  /** Name of a compressor. */
  compress?: string | undefined;
}

export interface BuiltImages {
  container: SourceContainer;
  /** One for each platform, in the order asked for. */
  images: readonly DiskImage[];
}

/** Looked for before anything is unpacked: an error after a minute is a nuisance. */
const neededTools: readonly Tool[] = [ostree, mke2fs, debugfs, mkfsVfat, mmd, mcopy, qemuImg];

/**
 * Makes disk images from a container alone. Must run as root or namespace root. Image builds of one work directory
 * wait for each other; killed ones leave nothing that the next does not remove.
 * @throws CosaError `PLATFORM_UNKNOWN` (exit 2), `TOOL_MISSING` (exit 3), what {@link resolveAdmittedImage},
 *   {@link importSysroot} and {@link makeDiskImage} throw
 */
export async function buildImages(session: Session, options: BuildImagesOptions): Promise<BuiltImages> {
  const platforms = [...new Set(options.platforms)].map(findPlatform);
  const compressor = findCompressor(options.compress);
  const resolved = await resolveAdmittedImage(session, options.directory, options.from);
  const container = describeContainer(resolved.image);
  const output = outputDirectory(options, resolved, container);
  const importContainer = once(async () => {
    await requireTools();
    return importSysroot(session, resolved, container);
  });
  // Beside the versions' directories: what a killed build has left goes with the next build of whatever version.
  const scratchBase = options.output === undefined ? resolved.work.images : output;
  const lock = join(resolved.work.cache, 'images.lock');
  await using _lock = await waitForLock(session, lock, 'another command that makes disk images');
  const images: DiskImage[] = [];
  for (const platform of platforms) {
    const request = { container, platform, compressor, output, scratchBase };
    images.push(await makeDiskImage(session, request, importContainer));
  }
  return { container, images };
}

function findCompressor(name: string | undefined): Compressor | undefined {
  return compressors.find((compressor) => compressor.name === name);
}

function outputDirectory(
  { directory, output }: BuildImagesOptions,
  { work }: ResolvedImage,
  { version }: SourceContainer,
): string {
  return output === undefined ? join(work.images, version) : resolve(directory, output);
}

function once(action: () => Promise<ImportedContainer>): () => Promise<ImportedContainer> {
  let result: Promise<ImportedContainer> | undefined;
  return () => {
    result ??= action();
    return result;
  };
}

async function requireTools(): Promise<void> {
  for (const tool of neededTools) {
    if ((await which(tool.name)) === undefined) throw missingTool(tool);
  }
}
