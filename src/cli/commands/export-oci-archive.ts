import { exportArchive } from '../../flows/publish/export-archive.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { line } from '../render/shown.ts';

export const exportOciArchive = defineCommand({
  description:
    'Writes a container into an OCI archive of its own, one file that skopeo, podman and "cosa import" read. The same ' +
    'container gives the same bytes, whoever writes them. For several containers in one archive, or for test results and ' +
    'signatures along with them, there is "cosa copy --all".',
  configure: (command) =>
    command
      .argument('<file>', 'the archive')
      .argument('[reference]', 'the container; the newest build unless given')
      .addOption(architectureOption("another architecture than this machine's"))
      .option('--force', 'replace another file'),
  examples: [
    { run: 'cosa export oci-archive debian-coreos.ociarchive', does: 'Write the newest build into a file' },
    {
      run: 'cosa export oci-archive stable.ociarchive docker://registry.example.com/os/debian-coreos:stable',
      does: 'Fetch a release as a file',
    },
  ],
  registries: true,
  run: async (context, [file, reference], { arch, force = false }) => {
    const { directory, style } = context;
    const exported = await exportArchive(context, { directory, file, from: reference, architecture: arch, force });
    const name = style.bold(exported.file);
    return {
      text: exported.written
        ? line`${name} holds ${exported.tag} (${exported.digest})`
        : line`${name} holds ${exported.digest} already`,
      json: exported,
    };
  },
});
