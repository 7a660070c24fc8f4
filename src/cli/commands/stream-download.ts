import { type DownloadedFile, downloadStream } from '../../flows/publish/stream-download.ts';
import { hostArchitecture } from '../../lib/architecture.ts';
import { formatBytes } from '../../lib/format.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { storeOptions, withStoreOptions } from '../store-options.ts';
import { streamArgument } from './stream-show.ts';

export const streamDownload = defineCommand({
  description:
    'Downloads an image of a stream: verifies its checksum, with --keyring its signature, and decompresses it. A file has ' +
    'its name only once all of it is verified; what an attempt that was broken off has brought is not asked for again. ' +
    'Checksums come with the metadata, and are worth as much as the way that it came: a signature says who made the file.',
  configure: (command) =>
    withStoreOptions(
      command
        .argument(...streamArgument)
        .requiredOption('--platform <name>', 'for which platform, as "cosa image build" calls it or the stream')
        .option('--stream <name>', 'which stream of a store; needed where it has several')
        .addOption(architectureOption("of the image; this machine's unless given"))
        .option('--format <format>', 'which format, where there are several, with or without its compressor')
        .option('--output <dir>', 'where the files go; the current directory unless given')
        .option('--keyring <file>', 'public keys of OpenPGP: one of them must have signed each file')
        .option('--no-decompress', 'leave the files as they are published')
        .option('--force', 'replace other files that are in the way'),
    ),
  examples: [
    {
      run: 'cosa stream download https://builds.example.com/os/streams/stable.json --platform qemu --keyring os.gpg',
      does: 'Download, verify and unpack the disk for QEMU',
    },
    {
      run: 'cosa stream download https://builds.coreos.fedoraproject.org/streams/stable.json --platform live-iso --keyring fedora.gpg',
      does: 'Download the live ISO of Fedora CoreOS',
    },
  ],
  resumes: true,
  run: async (context, [source], given) => {
    const { platform, stream, arch, format, output, keyring, decompress, force = false, ...others } = given;
    const files = await downloadStream(context, {
      directory: context.directory,
      source,
      stream,
      options: storeOptions(others),
      choice: { platform, architecture: arch ?? hostArchitecture().name, format },
      output,
      keyring,
      decompress,
      force,
    });
    return { text: filesText(files, context.style), json: { files } };
  },
});

function filesText(files: readonly DownloadedFile[], style: Style): Shown {
  const rows = files.map(({ release, size, signedBy, present, path }) => [
    release,
    formatBytes(size),
    signedBy === undefined ? 'checksum' : 'checksum, signature',
    present ? 'there already' : 'downloaded',
    style.bold(path),
  ]);
  return lines([table([['VERSION', 'SIZE', 'VERIFIED', '', 'FILE'].map(style.dim), ...rows], [1])]);
}
