import { type ShownStream, showStream } from '../../flows/publish/stream-show.ts';
import type { StreamArtifact } from '../../publish/metadata/choose-artifacts.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { storeOptions, withStoreOptions } from '../store-options.ts';

/** What a stream is named by, for commands that read one. */
export const streamArgument = [
  '<stream>',
  "address or path of a stream's JSON document, or URL of the object store that holds it",
] as const;

export const streamShow = defineCommand({
  description:
    'Prints what a stream recommends now: its images, or with --platform where the files of one are and their checksums. ' +
    'Reads the streams that cosa writes, and those of Fedora CoreOS: https://builds.coreos.fedoraproject.org/streams/stable.json. ' +
    'A platform may be called as "cosa image build" calls it: metal4k, live-iso and live-pxe are among the formats of metal.',
  configure: (command) =>
    withStoreOptions(
      command
        .argument(...streamArgument)
        .option('--stream <name>', 'which stream of a store; needed where it has several')
        .option('--platform <name>', 'show the files of this platform')
        .addOption(architectureOption('only images of this one'))
        .option('--format <format>', 'only this format, with or without its compressor: qcow2.xz, iso, pxe'),
    ),
  examples: [
    { run: 'cosa stream show https://builds.example.com/os/streams/stable.json', does: 'Show what there is' },
    {
      run: 'cosa stream show https://builds.example.com/os/streams/stable.json --platform qemu --arch x86_64',
      does: 'Show where the disk for QEMU is, and its checksum',
    },
  ],
  run: async (context, [source], { stream, platform, arch, format, ...others }) => {
    const shown = await showStream(
      context,
      { directory: context.directory, source, stream, options: storeOptions(others) },
      { platform, architecture: arch, format },
    );
    const isOverview = platform === undefined && format === undefined;
    return { text: (isOverview ? overview : files)(shown, context.style), json: shown };
  },
});

function overview({ stream, lastModified, artifacts }: ShownStream, style: Style): Shown {
  const rows = artifacts
    .filter(({ part }) => part === 'disk' || part === 'kernel')
    .map(({ architecture, platform, format, release }) => [architecture, style.bold(platform), format, release]);
  const title = line`${style.bold(stream)}${lastModified === undefined ? '' : `, changed ${lastModified}`}`;
  return lines([title, table([['ARCHITECTURE', 'PLATFORM', 'FORMAT', 'VERSION'].map(style.dim), ...rows])], '\n\n');
}

function files({ artifacts }: ShownStream, style: Style): Shown {
  return lines(
    artifacts.map((artifact) => fileText(artifact, style)),
    '\n\n',
  );
}

function fileText(artifact: StreamArtifact, style: Style): Shown {
  const { architecture, platform, release, format, part, location, signature = '', sha256 } = artifact;
  const uncompressed = artifact['uncompressed-sha256'] ?? '';
  return lines([
    line`${style.bold(platform)} ${format}${part === 'disk' ? '' : ` ${part}`} for ${architecture}, version ${release}`,
    line`location:  ${location}`,
    line`sha256:    ${sha256}`,
    ...(uncompressed === '' ? [] : [line`unpacked:  ${uncompressed}`]),
    ...(signature === '' ? [] : [line`signature: ${signature}`]),
  ]);
}
