import { isAbsolute, relative } from 'node:path';
import { Argument, Option } from '@commander-js/extra-typings';
import { platformChoices } from '../../disk/platforms.ts';
import { type BuiltImages, buildImages } from '../../flows/image/build.ts';
import { compressChoices } from '../../flows/image/choices.ts';
import { formatBytes } from '../../lib/format.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';

/** Shells complete them; a wrong one is refused by who knows what else may have been meant. */
const platformArgument = new Argument('[platform...]', 'what the images are for');
platformArgument.argChoices = [...platformChoices];

export const imageBuild = defineCommand({
  description:
    'Makes disk images of a container, and of nothing else: neither the config nor package repositories are read. ' +
    'Everything read is verified. Needs no root, namespaces, loop devices, mounts or KVM; the same container gives the ' +
    'same bytes everywhere. An image that is there already is not made again. Without a platform, those are made that ' +
    '"platforms" in image.yaml names. Beside each image lies a .json with checksums and what it was made of. ' +
    '"cosa image list" tells what there is; docs/platforms.md, how to start each. The container may be one of ours, one ' +
    'derived from it with a Containerfile, or any bootable one: see docs/bring-your-own-container.md.',
  configure: (command) =>
    command
      .addArgument(platformArgument)
      .option('--from <reference>', 'the container; the newest build of the work directory unless given')
      .addOption(architectureOption("of a container with several architectures; this machine's unless given"))
      .option('--output <dir>', 'where the images go; images/VERSION/ of the work directory unless given')
      .addOption(
        new Option(
          '--compress <how>',
          'compress images that are not compressed inside; auto takes what image.yaml says for publication',
        )
          .choices(compressChoices)
          .default('none' as const),
      )
      .option('--no-cache', 'make everything anew, and keep nothing that images are made of'),
  examples: [
    { run: 'cosa image build qemu', does: 'Make a disk of the newest build' },
    { run: 'cosa image build all', does: "Make one for every platform that the container's architecture has" },
    {
      run: 'cosa image build qemu metal --from oci:../builds/oci:stable --output .',
      does: 'Make two of any container, here',
    },
    {
      run: 'cosa image build live',
      does: 'Make live media, which install it: an ISO, and what is booted over a network',
    },
    { run: 'cosa image build --compress auto', does: 'Make those that image.yaml names, to be published' },
  ],
  registries: true,
  resumes: true,
  run: async (context, [names], { from, arch, output, compress, cache }) => {
    const { directory } = context;
    const built = await buildImages(context, {
      directory,
      platforms: names,
      from,
      architecture: arch,
      output,
      compress,
      cache,
    });
    return { text: imagesText(built, directory, context.style), json: imagesJson(built) };
  },
});

function imagesText({ output, images }: BuiltImages, directory: string, style: Style): Shown {
  const rows = images.map(({ record }) => [
    style.bold(record.platform),
    record.format,
    formatBytes(record.files.reduce((sum, { size }) => sum + size, 0)),
    record.files.map(({ name }) => name).join(' '),
  ]);
  return lines([
    line`in ${shortPath(output, directory)}:`,
    table([['PLATFORM', 'FORMAT', 'SIZE', 'FILE'].map(style.dim), ...rows], [2]),
  ]);
}

/** As short as it can be said: from here, if it lies below. */
function shortPath(path: string, directory: string): string {
  const below = relative(directory, path);
  if (below === '') return '.';
  return isAbsolute(below) || below.startsWith('..') ? path : below;
}

function imagesJson({ images }: BuiltImages) {
  return images.map(({ path, record }) => ({ path, ...record }));
}
