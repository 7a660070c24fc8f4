import { importContainer } from '../../flows/publish/import.ts';
import { openWorkDirectory } from '../../workspace/work-directory.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { importedText } from '../render/imported.ts';

export const importBuild = defineCommand({
  description:
    "Brings an operating system's container into the work directory's oci/ as a build, whoever made it: bootc, rpm-ostree, " +
    'coreos-assembler. It gets the tag of its version, and becomes the candidate of its stream, so that "cosa image build", ' +
    '"cosa test" and "cosa promote" find it as they find what was built here. What refers to it comes along, and only ' +
    "what is missing moves. Of an index with several architectures, this machine's container is taken.",
  configure: (command) =>
    command
      .argument('<source>', 'the container, or the path of an OCI archive or layout')
      .option('--version <version>', 'the version of a container that does not say its own')
      .addOption(architectureOption("another architecture than this machine's"))
      .option('--force', 'let a version become another container'),
  examples: [
    { run: 'cosa import docker://quay.io/fedora/fedora-coreos:stable', does: 'Take a release of Fedora CoreOS' },
    { run: 'cosa import fedora-coreos-43.20260101.3.0-ostree.x86_64.ociarchive', does: 'Take what lies in a file' },
  ],
  registries: true,
  resumes: true,
  run: async (context, [source], { version, arch, force = false }) => {
    const work = await openWorkDirectory(context.directory);
    const { directory } = context;
    const imported = await importContainer(context, work, { directory, source, version, architecture: arch, force });
    const { stream = null, ...rest } = imported;
    return { text: importedText(imported, context.style), json: { ...rest, stream } };
  },
});
