import { Option } from '@commander-js/extra-typings';
import { copyContainers } from '../../flows/container/copy.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { defineCommand } from '../command.ts';
import { platform } from '../parsers.ts';
import { lines } from '../render/shown.ts';
import { transferredText } from '../render/transferred.ts';

export const copy = defineCommand({
  description:
    'Copies a container between any two of registries, OCI layouts and archives, bytes and digests unchanged. Only what ' +
    "is missing moves, and tags are set last. Of an index, this machine's container is copied, or with --all the index " +
    'with every container in it, and test results, signatures and whatever else refers to them: a mirror. A tag may be ' +
    'a pattern with * and ?, quoted: each tag that it stands for is copied.',
  configure: (command) =>
    command
      .argument('<source>', 'the container, or several: docker://HOST/REPO:PATTERN')
      .argument('<destination>', "where to; without a tag it keeps the source's")
      .option('--all', 'every architecture, and all that refers to them but disk images, which are large')
      .addOption(
        new Option('--with-disks', '--all, and the disk images that were made of them').implies({ all: true as const }),
      )
      .addOption(
        new Option('--platform <os/architecture>', "another architecture than this machine's")
          .argParser(platform)
          .conflicts(['all', 'withDisks']),
      )
      .option('--force', 'let a version become another container')
      .option('--dry-run', 'only say what would be copied'),
  examples: [
    {
      run: 'cosa copy --all docker://registry.example.com/os/debian-coreos:testing oci-archive:testing.ociarchive',
      does: 'Take all of a stream across an air gap',
    },
    {
      run: "cosa copy --all docker://registry.example.com/os/debian-coreos:'testing-*' docker://mirror.example.com/os",
      does: 'Mirror all tags of a stream',
    },
    {
      run: 'cosa copy --with-disks docker://registry.example.com/os/debian-coreos:stable docker://mirror.example.com/os',
      does: 'Mirror a release with its disk images',
    },
    {
      run: 'cosa copy --dry-run docker://registry.example.com/os/debian-coreos:testing oci:usb/os',
      does: 'See what a copy would cost',
    },
  ],
  registries: true,
  resumes: true,
  run: async (context, [source, destination], options) => {
    const { all = false, withDisks = false, force = false, dryRun = false, platform } = options;
    const copied = await copyContainers(context, context.directory, {
      source,
      destination,
      all,
      diskImages: withDisks,
      platform,
      force,
      dryRun,
    });
    const parts = copied.map((image) =>
      dryRun
        ? `${image.destination}:${image.tags.join(', ')}: ${plural(image.blobs.sent, 'blob')} of ${formatBytes(image.bytes)} would be copied`
        : transferredText(image, context.style),
    );
    return { text: lines(parts), json: { dryRun, images: copied } };
  },
});
