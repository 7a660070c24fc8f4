import { join } from 'node:path';
import { architectureNamed } from '../../lib/architecture.ts';
import type { Reporter } from '../../progress/reporter.ts';
import type { BaseDisk } from '../base-disk/types.ts';
import { chooseIgnition } from '../ignition.ts';
import { imageFileName } from '../image-name.ts';
import { platformDisk } from '../platform-disk.ts';
import { type DiskForm, imageForm } from '../platforms/image-form.ts';
import type { Platform } from '../platforms/platform.ts';
import type { DiskImageRecord } from '../record.ts';
import type { DiskSource } from '../source.ts';
import type { MadeBaseDisk } from './base-disk.ts';
import { consoleOf } from './console-of.ts';
import { diskFormat } from './disk-format.ts';
import type { ImageChoice, ImageMaking } from './image-making.ts';
import type { ImageRecipe, MadeImage } from './image-recipe.ts';
import { writeImage } from './write-image.ts';

const gibibyte = 2 ** 30;

/**
 * An image of one disk.
 * @throws CosaError `NAME_INVALID` (exit 4), `TOOL_MISSING` (exit 3) if the compressor is not here
 */
export async function diskImageRecipe(
  { container, sources, threads }: ImageMaking,
  { platform, compressor }: ImageChoice,
  form: DiskForm,
): Promise<ImageRecipe> {
  const { extension } = imageForm(form);
  const format = compressor === undefined ? extension : `${extension}.${compressor.extension}`;
  const fileName = imageFileName(container, { platform: platform.name, extension });
  const name = imageFileName(container, { platform: platform.name, extension: format });
  const console = consoleOf(platform, container);
  const base = sources.baseDisk(platform.sectorSize);

  async function make(made: MadeBaseDisk, directory: string, reporter: Reporter): Promise<MadeImage> {
    const baseDisk = made.disk;
    const ignition = chooseIgnition(platform, baseDisk.ignitionPlatforms);
    const boot = { name: platform.name, ignitionPlatform: ignition.platform, console };
    const size = platform.size === 'least' ? 'least' : baseDisk.config.size * gibibyte;
    const disk = await platformDisk(baseDisk, boot, size, reporter.signal);
    const written = await writeImage(
      { disk: counted(disk, reporter), platform, form, compressor, base: baseDisk, fileName },
      join(directory, name),
      await threads(),
      reporter.signal,
    );
    const publishing = publishingSettings(platform, baseDisk);
    return { files: [written], diskSize: disk.size, base: made, ignition, publishing };
  }

  return {
    files: [{ role: 'disk', name }],
    format,
    needs: [base],
    tools: compressor?.tools ?? [],
    inputs: {
      base: base.key,
      platform: { name: platform.name, ignition: platform.ignition.id, size: platform.size, console: { ...console } },
      form: [form, diskFormat(form, container).parameters],
    },
    compression: compressor === undefined ? undefined : [compressor.name, await compressor.parameters()].join(' '),
    make: (made, directory, reporter) => make(made(base), directory, reporter),
  };
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
