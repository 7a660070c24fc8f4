import { Argument, Option } from '@commander-js/extra-typings';
import { compressors } from '../../disk/by-host/compressors.ts';
import { platforms } from '../../disk/by-host/platforms/index.ts';
import { type BuiltImages, buildImages } from '../../flows/image/build.ts';
import { formatBytes } from '../../lib/format.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import type { Shown } from '../render/shown.ts';
import { table } from '../render/table.ts';

const platformList = platforms.map(({ name, title }) => `${name} (${title})`).join(', ');

export const imageBuild = defineCommand({
  description:
    'Makes disk images of a container, and of nothing else: neither the config nor package repositories are read. ' +
    'Everything read is verified. Needs no root, loop devices, mounts or KVM; the same container gives the same bytes. ' +
    'An image that is there already is not made again. ' +
    `Platforms: ${platformList}.`,
  configure: (command) =>
    command
      .addArgument(new Argument('<platform...>', 'what the images are for'))
      .option('--from <reference>', 'the container; the newest build of the work directory unless given')
      .addOption(architectureOption("of a container with several architectures; this machine's unless given"))
      .option('--output <dir>', 'where the images go; images/VERSION/ of the work directory unless given')
      .addOption(
        new Option('--compress <compressor>', 'compress the images')
          .choices([...compressors.map(({ name }) => name), 'none'])
          .default('none'),
      ),
  examples: [
    { run: 'cosa image build qemu', does: 'Make a disk of the newest build' },
    {
      run: 'cosa image build qemu --from oci:../builds/oci:stable --output .',
      does: 'Make one of any container, here',
    },
    { run: 'cosa image build qemu --compress xz', does: 'Make one to be published' },
  ],
  namespace: true,
  registries: true,
  resumes: true,
  run: async (context, [names], { from, arch, output, compress }) => {
    const built = await buildImages(context, {
      directory: context.directory,
      platforms: names,
      from,
      architecture: arch,
      output,
      compress,
    });
    return { text: imagesText(built), json: imagesJson(built) };
  },
});

function imagesText({ images }: BuiltImages): Shown {
  return table(images.map(({ path, record }) => [record.platform, path, formatBytes(record.size)]));
}

function imagesJson({ images }: BuiltImages) {
  return images.map(({ path, record }) => ({ path, ...record }));
}
