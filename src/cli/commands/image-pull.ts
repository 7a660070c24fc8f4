import { type PulledImages, pullImages } from '../../flows/image/pull.ts';
import { formatBytes } from '../../lib/format.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';

export const imagePull = defineCommand({
  description:
    'Fetches disk images, with the records that "cosa image build" made of them: from the tag of an index of them, from ' +
    'their container, or one by its digest. Size and digest are verified while they come in, and the policy in force must ' +
    'accept the container, where it is there, and the image. An image that is there already is not fetched again.',
  configure: (command) =>
    command
      .argument('<reference>', 'an index of disk images, a container, or one disk image')
      .argument('[platform...]', 'which images: names of platforms, or all; needed where there are several')
      .addOption(architectureOption("of images for several architectures; this machine's unless given"))
      .option('--output <dir>', 'where the images go; images/VERSION/ of the work directory unless given')
      .option('--force', 'replace other files that are in the way'),
  examples: [
    {
      run: 'cosa image pull docker://registry.example.com/os/example:13.20260101.0-disks qemu',
      does: "Fetch a version's disk for QEMU",
    },
    {
      run: 'cosa image pull docker://registry.example.com/os/example:stable metal --output . --arch aarch64',
      does: "Fetch the disk that was made of a stream's container, into this directory",
    },
  ],
  registries: true,
  resumes: true,
  run: async (context, [reference, platforms], { arch, output, force }) => {
    const pulled = await pullImages(context, {
      directory: context.directory,
      reference,
      platforms,
      architecture: arch,
      output,
      force,
    });
    return { text: pulledText(pulled, context.style), json: pulled };
  },
});

function pulledText({ images }: PulledImages, style: Style): Shown {
  const rows = images.map(({ platform = '-', format, size, path, present }) => [
    style.bold(platform),
    format,
    formatBytes(size),
    present ? 'there already' : 'fetched',
    path,
  ]);
  return lines([table([['PLATFORM', 'FORMAT', 'SIZE', '', 'FILE'].map(style.dim), ...rows], [2])]);
}
