import { join, resolve } from 'node:path';
import { directoryCache } from '../../cache/directories.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { compressors } from '../../disk/by-host/compressors.ts';
import { findPlatform } from '../../disk/by-host/platforms/index.ts';
import { missingTool } from '../../exec/tool-errors.ts';
import { type Tool, tools } from '../../exec/tools.ts';
import { which } from '../../exec/which.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { waitForLock } from '../../progress/wait-for-lock.ts';
import { type AdmittedImage, resolveAdmittedImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { type DiskImage, makeDiskImage } from './disk-image.ts';
import { type ImportedContainer, importSysroot } from './import-sysroot.ts';
import { describeContainer, type SourceContainer } from './source-container.ts';

/** Which disk images of a container, and where they go. */
export interface DiskImagesRequest {
  /** Names of platforms. */
  platforms: readonly string[];
  /** Directory for the images, absolute; `images/VERSION/` of the work directory unless given. */
  output?: string | undefined;
  /** Name of a compressor. */
  compress?: string | undefined;
}

export interface BuildImagesOptions extends DiskImagesRequest {
  /** Where the command runs: in a work directory, or anywhere with `from`. A relative `output` starts there. */
  directory: string;
  /** Reference of the container; the newest build unless given. */
  from?: string | undefined;
  /** Of an index with several; this machine's unless given. */
  architecture?: ArchitectureName | undefined;
}

export interface BuiltImages {
  container: SourceContainer;
  /** One for each platform, in the order asked for. */
  images: readonly DiskImage[];
}

/** Looked for before anything is unpacked: an error after a minute is a nuisance. */
const neededTools: readonly Tool[] = [
  tools.ostree,
  tools.mke2fs,
  tools.debugfs,
  tools.mkfsVfat,
  tools.mmd,
  tools.mcopy,
  tools.qemuImg,
];

/**
 * Makes disk images from a container alone. Must run as root or namespace root.
 * @throws CosaError `PLATFORM_UNKNOWN` (exit 2), what {@link resolveAdmittedImage} and {@link makeImages} throw
 */
export async function buildImages(session: Session, options: BuildImagesOptions): Promise<BuiltImages> {
  const { directory, from, architecture, output, platforms, compress } = options;
  // Before the container is read: a registry may be slow.
  platforms.forEach(findPlatform);
  const admitted = await resolveAdmittedImage(session, directory, from, architecture);
  return makeImages(session, admitted, {
    platforms,
    compress,
    output: output === undefined ? undefined : resolve(directory, output),
  });
}

/**
 * Makes disk images of a container that was opened and admitted. Image builds of one work directory wait for each
 * other; killed ones leave nothing that the next does not remove.
 * @throws CosaError `PLATFORM_UNKNOWN` (exit 2), `TOOL_MISSING` (exit 3), what {@link importSysroot} and
 *   {@link makeDiskImage} throw
 */
export async function makeImages(
  session: Session,
  admitted: AdmittedImage,
  request: DiskImagesRequest,
): Promise<BuiltImages> {
  const { work } = admitted;
  const platforms = [...new Set(request.platforms)].map(findPlatform);
  const compressor = compressors.find(({ name }) => name === request.compress);
  const container = describeContainer(admitted.image);
  const output = request.output ?? join(work.images, container.version);
  await using sysroots = directoryCache(work.cache, cacheKinds.sysroots, session);
  const importContainer = once(async () => {
    await requireTools();
    return importSysroot(session, admitted, container, sysroots);
  });
  // Beside the versions' directories: what a killed build has left goes with the next build of whatever version.
  const scratchBase = request.output ?? work.images;
  const lock = join(work.cache, 'images.lock');
  await using _lock = await waitForLock(session, lock, 'another command that makes disk images');
  const images: DiskImage[] = [];
  for (const platform of platforms) {
    const disk = { container, platform, compressor, output, scratchBase };
    images.push(await makeDiskImage(session, disk, importContainer));
  }
  return { container, images };
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
