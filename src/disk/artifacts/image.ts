import { join } from 'node:path';
import { stepKey } from '../../cache/key.ts';
import type { PlatformSettings } from '../../contract/platforms.ts';
import { architectureNamed } from '../../lib/architecture.ts';
import { formatBytes } from '../../lib/format.ts';
import { programName } from '../../lib/program.ts';
import type { Reporter } from '../../progress/reporter.ts';
import type { BaseDisk, DiskContainer } from '../base-disk/types.ts';
import type { Compressor } from '../compressors/compressor.ts';
import { chooseIgnition } from '../ignition.ts';
import { imageFileName } from '../image-name.ts';
import type { ImageThreads } from '../image-threads.ts';
import { platformDisk } from '../platform-disk.ts';
import { imageForm } from '../platforms/image-form.ts';
import type { Platform } from '../platforms/platform.ts';
import type { DiskImageRecord } from '../record.ts';
import type { DiskSource } from '../source.ts';
import type { Artifact } from './artifact.ts';
import type { MadeBaseDisk } from './base-disk.ts';
import { diskFormat } from './disk-format.ts';
import { type DiskImage, findKeptImage, publishImage } from './kept-image.ts';
import type { TemporaryDirectories } from './temporary.ts';
import type { VerifiedFiles } from './verified-files.ts';
import { writeImage } from './write-image.ts';

/** Which image. */
export interface ImageChoice {
  platform: Platform;
  /** `undefined` for one that is not compressed, or only inside. */
  compressor: Compressor | undefined;
}

/** What images are made with and where they go. */
export interface ImageMaking {
  container: DiskContainer;
  /** Directory for the images and their records; made if missing. */
  output: string;
  temporary: TemporaryDirectories;
  threads: () => Promise<ImageThreads>;
  verified: VerifiedFiles;
  /** False to make images anew, whatever is there. */
  takesKept: boolean;
  warn: (message: string) => void;
}

const gibibyte = 2 ** 30;

/**
 * A platform's image. One that is there is taken if its record says that it was made of the same, and its bytes are still
 * those that were written.
 * @throws CosaError `NAME_INVALID` (exit 4), `TOOL_MISSING` (exit 3) if the compressor is not here
 */
export async function imageArtifact(
  making: ImageMaking,
  base: Artifact<MadeBaseDisk>,
  { platform, compressor }: ImageChoice,
): Promise<Artifact<DiskImage>> {
  const { container, output, verified } = making;
  const { extension } = imageForm(platform.image);
  const format = compressor === undefined ? extension : `${extension}.${compressor.extension}`;
  const fileName = imageFileName(container, { platform: platform.name, extension });
  const file = imageFileName(container, { platform: platform.name, extension: format });
  const path = join(output, file);
  const console = consoleOf(platform, container);
  const compression = compressor === undefined ? undefined : [compressor.name, await compressor.parameters()].join(' ');
  const key = stepKey('disk-image/3', {
    container: container.digest,
    base: base.key,
    platform: { name: platform.name, ignition: platform.ignition.id, size: platform.size, console: { ...console } },
    form: [platform.image, diskFormat(platform.image, container).parameters],
    compression,
  });

  async function make(base: MadeBaseDisk, reporter: Reporter): Promise<DiskImage> {
    const { disk: baseDisk, hostVersions } = base;
    const ignition = chooseIgnition(platform, baseDisk.ignitionPlatforms);
    const boot = { name: platform.name, ignitionPlatform: ignition.platform, console };
    const size = platform.size === 'least' ? 'least' : baseDisk.config.size * gibibyte;
    const disk = await platformDisk(baseDisk, boot, size, reporter.signal);
    const directory = await making.temporary.make(platform.name);
    const written = await writeImage(
      { disk: counted(disk, reporter), platform, compressor, base: baseDisk, fileName },
      join(directory, file),
      await making.threads(),
      reporter.signal,
    );
    const record: DiskImageRecord = {
      name: container.name,
      version: container.version,
      platform: platform.name,
      architecture: container.architecture,
      format,
      files: [{ role: 'disk', name: file, ...written }],
      'disk-size': disk.size,
      container: { digest: container.digest, 'ostree-commit': baseDisk.commit },
      ignition,
      ...publishingSettings(platform, baseDisk),
      rootfs: baseDisk.config.rootfs,
      'host-tools': [...hostVersions],
      compression,
      generator: programName,
      key,
    };
    const image = await publishImage(join(directory, file), output, record);
    await verified.remember(image.path, written.sha256);
    reporter.note(formatBytes(written.size));
    return image;
  }

  return {
    id: `image ${file}`,
    title: `make ${platform.name} image`,
    needs: [base],
    tools: compressor?.tools ?? [],
    outputs: [file, `${file}.json`],
    key,
    async find() {
      const sought = { path, platform: platform.name, key };
      const kept = making.takesKept ? await findKeptImage(sought, verified, making.warn) : undefined;
      if (kept === undefined) await making.temporary.check();
      return kept;
    },
    make: (made, reporter) => make(made(base), reporter),
  };
}

/** @throws RangeError for an architecture that the platform has not: a caller's mistake */
function consoleOf({ name, consoles }: Platform, { architecture }: DiskContainer): PlatformSettings {
  const console = consoles[architecture];
  if (console === undefined) throw new RangeError(`${name} has no machines of ${architecture}`);
  return console;
}

/** What of image.json concerns nobody but who brings the image to its platform. */
function publishingSettings({ name }: Platform, { config, container }: BaseDisk): Pick<DiskImageRecord, 'aws'> {
  if (name !== 'aws') return {};
  const hasBios = architectureNamed(container.architecture).grub?.bios !== undefined;
  const bootMode = hasBios ? config['aws-x86-boot-mode'] : 'uefi';
  return {
    aws: {
      'imdsv2-only': config['aws-imdsv2-only'],
      'volume-type': config['aws-volume-type'],
      'boot-mode': bootMode,
    },
  };
}

/** Reports what is read of a disk. */
function counted(disk: DiskSource, reporter: Reporter): DiskSource {
  let done = 0;
  return {
    size: disk.size,
    extents: disk.extents,
    async read(position, buffer) {
      await disk.read(position, buffer);
      done += buffer.length;
      reporter.progress(done, undefined, 'bytes');
    },
  };
}
