import { constants, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerPaths } from '../../contract/paths.ts';
import type { PlatformSettings } from '../../contract/platforms.ts';
import type { BaseDisk } from '../base-disk/types.ts';
import { type ChosenIgnition, chooseIgnition } from '../ignition.ts';
import { writeImageFile } from '../image-file.ts';
import { imageFileName } from '../image-name.ts';
import { kernelContent, liveInitramfs } from '../live/initramfs.ts';
import { planLiveIso } from '../live/iso.ts';
import { diskContent, type MediaContent } from '../live/media-content.ts';
import { partitionName } from '../partitions/table.ts';
import { imageForm } from '../platforms/image-form.ts';
import type { Platform } from '../platforms/platform.ts';
import type { MadeBaseDisk } from './base-disk.ts';
import { consoleOf } from './console-of.ts';
import type { ImageMaking } from './image-making.ts';
import type { ImageRecipe } from './image-recipe.ts';
import type { MadeLiveRootfs } from './live-rootfs.ts';

/** Modules that find the medium's configuration and do what it says. */
const biosModules = 'biosdisk part_gpt iso9660 search normal configfile linux serial terminal all_video';

const biosHint = `for BIOS, build the container again with GRUB for BIOS (such as Debian's grub-pc-bin) among its packages; where others build it, put GRUB's boot_hybrid.img as hybrid.img, and eltorito.img (grub-mkimage --format=i386-pc-eltorito --prefix=/boot/grub --output=eltorito.img ${biosModules}), into ${containerPaths.bootLoaders}/bios`;

/** True where the container's disks have a place for what BIOS starts, and its media have nothing for that. */
function lacksBios({ liveBios, partitions }: BaseDisk): boolean {
  return liveBios === undefined && partitions.some(({ name }) => name === partitionName.bios);
}

/**
 * The ISO of a live system.
 * @throws CosaError `NAME_INVALID` (exit 4)
 */
export function liveIsoRecipe(making: ImageMaking, platform: Platform): ImageRecipe {
  const { container } = making;
  const { extension } = imageForm(platform.image);
  const name = imageFileName(container, { platform: platform.name, extension });
  return liveRecipe(making, platform, {
    files: [{ role: 'disk', name }],
    async make({ base, rootfs, ignition, console }, directory, signal) {
      const content = contentOf(rootfs);
      const request = { base: base.disk, ignitionPlatform: ignition.platform, console, signal };
      if (lacksBios(base.disk)) {
        making.warn('the live ISO starts by UEFI alone: the container has no GRUB for BIOS on live media', biosHint);
      }
      const iso = await planLiveIso({ ...request, rootfs: { ...rootfs, content } });
      const threads = await making.threads();
      const written = await writeImageFile(join(directory, name), { threads, signal }, iso.write);
      return { files: [written], diskSize: iso.size };
    },
  });
}

/**
 * What a live system is booted from over a network.
 * @throws CosaError `NAME_INVALID` (exit 4)
 */
export function livePxeRecipe(making: ImageMaking, platform: Platform): ImageRecipe {
  const { container } = making;
  const nameOf = (part: string, extension: string) => imageFileName(container, { platform: `live-${part}`, extension });
  const names = {
    kernel: nameOf('kernel', ''),
    initramfs: nameOf('initramfs', 'img'),
    rootfs: nameOf('rootfs', 'img'),
  };
  return liveRecipe(making, platform, {
    files: [
      { role: 'kernel', name: names.kernel },
      { role: 'initramfs', name: names.initramfs },
      { role: 'rootfs', name: names.rootfs },
    ],
    async make({ base, rootfs }, directory, signal) {
      const threads = await making.threads();
      const write = (name: string, content: MediaContent) =>
        writeImageFile(join(directory, name), { threads, signal }, content.appendTo);
      const kernel = await write(names.kernel, kernelContent(base.disk));
      const initramfs = await write(names.initramfs, liveInitramfs(base.disk, rootfs));
      // Where the file system can, they share their blocks.
      await copyFile(rootfs.path, join(directory, names.rootfs), constants.COPYFILE_FICLONE);
      return {
        files: [kernel, initramfs, { size: rootfs.size, sha256: rootfs.sha256 }],
        diskSize: undefined,
      };
    },
  });
}

/** What both are made of. */
interface LiveParts {
  base: MadeBaseDisk;
  rootfs: MadeLiveRootfs;
  ignition: ChosenIgnition;
  console: PlatformSettings;
}

interface LiveFiles {
  files: ImageRecipe['files'];
  make(
    parts: LiveParts,
    directory: string,
    signal: AbortSignal,
  ): Promise<Pick<Awaited<ReturnType<ImageRecipe['make']>>, 'files' | 'diskSize'>>;
}

function liveRecipe({ container, sources }: ImageMaking, platform: Platform, { files, make }: LiveFiles): ImageRecipe {
  const { extension } = imageForm(platform.image);
  const base = sources.baseDisk(platform.sectorSize);
  const rootfs = sources.liveRootfs();
  const console = consoleOf(platform, container);
  return {
    files,
    format: extension,
    needs: [base, rootfs],
    tools: [],
    inputs: {
      base: base.key,
      rootfs: rootfs.key,
      platform: { name: platform.name, ignition: platform.ignition.id, console: { ...console } },
      form: platform.image,
    },
    compression: undefined,
    async make(made, directory, reporter) {
      const disk = made(base);
      const ignition = chooseIgnition(platform, disk.disk.ignitionPlatforms);
      const settings = disk.disk.platforms.get(platform.name) ?? console;
      const parts = { base: disk, rootfs: made(rootfs), ignition, console: settings };
      const written = await make(parts, directory, reporter.signal);
      return { ...written, base: disk, ignition, publishing: {} };
    },
  };
}

function contentOf({ source, size }: MadeLiveRootfs): MediaContent {
  return diskContent(source, [{ offset: 0, length: size }]);
}
